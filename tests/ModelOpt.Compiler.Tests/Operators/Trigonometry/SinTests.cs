using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Trigonometry;

[TestClass]
internal sealed class SinTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Sin", [TestGraph.RandomTensor(1, 2, 5, 190)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() =>
        Node("Sin", [Tensor.Vector<float>(0, MathF.PI / 2, MathF.PI / 6, float.PositiveInfinity)])
            .AssertGives<float>(0, 1, 0.5f, float.NaN);

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Sin");
}
