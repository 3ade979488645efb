using ModelOpt.Compiler.Onnx.Rewrites;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class PassingShapesTests
{
    [TestMethod]
    public void Values_have_shapes_while_it_lasts()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 2, 3), first = g.Add("Relu", [x]), unknown = g.Add("Reshape", [first, g.Input("s", 2)]);
        Value last = g.Add("Neg", [unknown]);
        g.Output(last);
        Graph graph = g.Graph;
        foreach (Value value in new[] { first, unknown, last }) (value.Type, value.Shape) = (ElementType.Undefined, null);
        var shapes = new PassingShapes(graph);
        shapes.InferUpTo(first.Consumers[0]);
        Assert.AreEqual((ElementType.Float32, new Shape(2, 3)), (first.Type, first.Shape));
        // What cannot be inferred, and what follows it, is what the file says.
        shapes.InferUpTo(null);
        Assert.IsNull(unknown.Shape);
        Assert.IsNull(last.Shape);
        shapes.Restore();
        Assert.AreEqual((ElementType.Undefined, null), (first.Type, first.Shape));
    }
}
