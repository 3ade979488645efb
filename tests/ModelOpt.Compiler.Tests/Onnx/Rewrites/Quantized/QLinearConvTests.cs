using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Tests.Operators.Contract;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Quantized;

[TestClass]
internal sealed class QLinearConvTests
{
    [TestMethod]
    [DataRow(ElementType.UInt8, ElementType.Int8, 0, false)]
    [DataRow(ElementType.Int8, ElementType.Int8, 0, true)]
    [DataRow(ElementType.UInt8, ElementType.UInt8, 119, false)]
    [DataRow(ElementType.UInt8, ElementType.Int8, 0, true)]
    public void Computes_what_ONNX_Runtime_does(ElementType data, ElementType weight, int zero, bool perChannel)
    {
        var model = new RewriteModel();
        string x = model.Input(data, 1, 4, 9, 9);
        string y = model.Node("QLinearConv",
            [x, model.Scale(0.02f), model.Zero(data, 3), model.Integers(weight, 6, 4, 3, 3), model.Scale(0.01f, perChannel ? 6 : 1),
                perChannel ? model.Constant(Tensor.Zeros(weight, [6])) : model.Zero(weight, zero),
                model.Scale(0.5f), model.Zero(data, 7), model.Integers(ElementType.Int32, 6)],
            ("strides", new long[] { 2, 2 }), ("pads", new long[] { 1, 1, 1, 1 }));
        model.Output(y, data).AssertAgrees(off: 0.01);
    }

    [TestMethod]
    public void Layers_in_a_row_compute_in_integers()
    {
        var model = new RewriteModel();
        string x = model.Input(ElementType.UInt8, 1, 3, 8, 8);
        (string scale, string zero) = (model.Scale(0.3f), model.Zero(ElementType.UInt8, 128));
        string y = Layer(model, x, model.Scale(0.02f), zero, 3, 4, scale, zero);
        string z = Layer(model, y, scale, zero, 4, 5, model.Scale(3f), zero);
        CompiledModel compiled = model.Output(z, ElementType.UInt8).AssertAgrees();
        BuiltinOperator[] operators = LoweringGraph.Operators(compiled.Tflite);
        Assert.AreEqual(2, operators.Count(o => o == BuiltinOperator.Conv2D));
        CollectionAssert.DoesNotContain(operators, BuiltinOperator.Dequantize);
    }

    [TestMethod]
    public void A_model_of_an_older_opset_is_refused()
    {
        var model = new RewriteModel(9);
        string zero = model.Zero(ElementType.UInt8, 0), scale = model.Scale(1);
        string y = Layer(model, model.Input(ElementType.UInt8, 1, 3, 8, 8), scale, zero, 3, 4, scale, zero);
        CompilationException e = Assert.ThrowsExactly<CompilationException>(() => model.Output(y, ElementType.UInt8).Read());
        Assert.AreEqual("MOPT1012", e.Diagnostic.Descriptor.Code);
    }

    private static string Layer(RewriteModel model, string x, string xs, string xz, int from, int to, string ys, string yz) =>
        model.Node("QLinearConv", [x, xs, xz, model.Integers(ElementType.Int8, to, from, 3, 3), model.Scale(0.01f),
            model.Zero(ElementType.Int8, 0), ys, yz]);
}
