using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Tests.Model;

[TestClass]
internal sealed class CompositesTests
{
    [TestMethod]
    public void The_nodes_of_the_subgraph_take_the_place()
    {
        Tensor a = Floats("a"), b = Floats("b"), x = Floats("x"), y = Floats("y"), r = Floats("r"), s = Floats("s");
        Node relu = new(BuiltinOperator.Relu, 0, [a], [b]);
        Node node = Composite([x], [y, r, s], new Graph([relu], [a], [b, a, b], new ConstantBudget(0)));
        List<Node> nodes = Composites.Inline(node);
        Assert.HasCount(3, nodes);
        Assert.AreEqual((x, y), (nodes[0].Inputs[0], nodes[0].Output));
        Assert.AreEqual((BuiltinOperator.Reshape, x, r), (nodes[1].Operator, nodes[1].Inputs[0], nodes[1].Output));
        Assert.AreEqual((BuiltinOperator.Reshape, y, s), (nodes[2].Operator, nodes[2].Inputs[0], nodes[2].Output));
    }

    [TestMethod]
    public void Operands_that_are_not_those_of_the_subgraph_are_refused()
    {
        Tensor a = Floats("a"), b = Floats("b"), x = new("x", TensorType.Float32, [3], null), y = Floats("y");
        Graph body = new([new Node(BuiltinOperator.Relu, 0, [a], [b])], [a], [b], new ConstantBudget(0));
        Assert.ThrowsExactly<InvalidModelException>(() => Composites.Inline(Composite([x], [y], body)));
        Assert.ThrowsExactly<InvalidModelException>(() => Composites.Inline(Composite([], [y], body)));
        Assert.ThrowsExactly<InvalidModelException>(() => Composites.Inline(Composite([null], [y], body)));
    }

    [TestMethod]
    public void Inputs_take_the_places_that_a_composite_names()
    {
        Tensor a = Floats("a"), b = Floats("b");
        CollectionAssert.AreEqual(new[] { a, null, null, b }, Composites.Place(0b1001, [a, b]));
        CollectionAssert.AreEqual(new[] { a, b }, Composites.Place(0, [a, b]));
        Assert.ThrowsExactly<InvalidModelException>(() => Composites.Place(0b111, [a, b]));
    }

    private static Tensor Floats(string name) => new(name, TensorType.Float32, [2], null);

    private static Node Composite(Tensor?[] inputs, Tensor[] outputs, Graph body) =>
        new(BuiltinOperator.StablehloComposite, 0, inputs, outputs) { Subgraphs = [body] };
}
