using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class GivenTensorFillTests
{
    [TestMethod]
    public void A_node_is_a_constant()
    {
        Graph graph = OnnxReader.Read(Model(2));
        ShapeInference.Run(graph);
        Tensor y = new Interpreter(graph).Run(Tensor.Of<float>([2, 2], [1, 2, 3, 4]))[0];
        CollectionAssert.AreEqual(new float[] { 2, 4, 6, 8 }, y.Span<float>().ToArray());
    }

    [TestMethod]
    public void Values_that_do_not_fill_the_shape_are_refused() =>
        StringAssert.Contains(
            Assert.ThrowsExactly<CompilationException>(() => OnnxReader.Read(Model(3))).Message, "for 4 values");

    private static byte[] Model(long rows) => new OnnxModel().Opset(1).Input("x", "2", "2")
        .Node("GivenTensorFill g: -> c", ("values", new[] { 1f, 2, 3, 4 }), ("shape", new[] { rows, 2 }))
        .Node("Add a: x c -> y").Output("y", "2", "2").Bytes();
}
