using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Trigonometry;

[TestClass]
internal sealed class CosTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Cos", [TestGraph.RandomTensor(1, 2, 5, 190)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() =>
        Node("Cos", [Tensor.Vector<float>(0, MathF.PI, MathF.PI / 3, float.PositiveInfinity)]).AssertGives<float>(1, -1, 0.5f, float.NaN);

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Cos");
}
