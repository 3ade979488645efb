using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class ConstantFillTests
{
    [TestMethod]
    public void Elements_have_one_value()
    {
        Tensor x = Signed(new Random(1), 2, 2);
        Node("ConstantFill", [x], 1, ("value", 2.5f)).AssertModelGives(opset: 1, liteRt: false, 2.5f, 2.5f, 2.5f, 2.5f);
        Node("ConstantFill", [x], 1, ("value", 3f), ("dtype", 7L), ("extra_shape", new[] { 1L }))
            .AssertModelGives(opset: 1, liteRt: false, 3L, 3, 3, 3);
    }

    [TestMethod]
    public void The_shape_may_be_an_attribute_or_the_elements_of_an_input()
    {
        byte[] model = new OnnxModel().Opset(6).Input("x", "2", "3").Initializer("s", [2], 2, 3)
            .Node("ConstantFill c: s -> a", ("input_as_shape", 1), ("value", 2f))
            .Node("ConstantFill d: -> b", ("shape", new[] { 3L }), ("value", 1f))
            .Node("Add p: x a -> z", ("broadcast", 1)).Node("Add q: z b -> y", ("broadcast", 1)).Output("y", "2", "3").Bytes();
        Graph graph = OnnxReader.Read(model);
        ShapeInference.Run(graph);
        Tensor y = new Interpreter(graph).Run(Tensor.Zeros(ElementType.Float32, [2, 3]))[0];
        Assert.IsTrue(y.Span<float>().ToArray().All(v => v == 3));
    }
}
