using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Logic;

[TestClass]
internal sealed class WhereTests
{
    [TestMethod]
    public void Choices_agree_with_peers()
    {
        Tensor condition = Casting.To(Tensor.Of<int>([2, 1, 3], [1, 0, 1, 0, 0, 1]), ElementType.Bool);
        Node("Where", [condition, TestGraph.RandomTensor(1, 2, 4, 3), TestGraph.RandomTensor(2, 4, 1)]).AssertAgreesWithPeers(fed: 3);
        Node("Where", [condition, Tensor.Scalar(5L), Tensor.Of<long>([4, 1], [1, 2, 3, 4])]).AssertAgreesWithPeers(fed: 3);
    }

    [TestMethod]
    public void Known_values() =>
        Node("Where", [PairCases.Bools(1, 0, 1), Tensor.Vector(1, 2, 3), Tensor.Scalar(9)]).AssertGives(1, 9, 3);

    [TestMethod]
    public void Other_operands_are_refused()
    {
        Assert.AreEqual("MOPT2005", Node("Where", [Tensor.Vector(1f), Tensor.Vector(1), Tensor.Vector(1)]).InferError());
        Assert.AreEqual("MOPT2005", Node("Where", [PairCases.Bools(1), Tensor.Vector(1), Tensor.Vector(1f)]).InferError());
    }
}
