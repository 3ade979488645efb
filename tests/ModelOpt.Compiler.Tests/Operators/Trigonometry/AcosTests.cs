using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Trigonometry;

[TestClass]
internal sealed class AcosTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Acos", [FunctionCases.Between(0.01f, 1)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() =>
        Node("Acos", [Tensor.Vector<float>(1, 0, -1, 0.5f, 2)]).AssertGives<float>(0, 1.5707963f, 3.1415927f, 1.0471976f, float.NaN);

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Acos");
}
