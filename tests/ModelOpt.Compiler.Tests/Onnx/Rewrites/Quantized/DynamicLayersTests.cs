using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Tests.Data;
using ModelOpt.Compiler.Tests.Operators.Contract;
using ModelOpt.Compiler.Tests.Peers;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Quantized;

/// <summary>What ONNX Runtime's dynamic quantizer writes. Results differ by what ONNX Runtime rounds when the model runs.</summary>
[TestClass]
internal sealed class DynamicLayersTests
{
    private const float Rounding = 0.03f;

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_product_becomes_a_layer_of_floats(bool perColumn)
    {
        var model = new RewriteModel();
        string scale = model.Scale(0.01f, perColumn ? 9 : 1);
        string y = Product(model, model.Input(ElementType.Float32, 1, 30), model.Integers(ElementType.Int8, 30, 9), scale,
            perColumn ? model.Constant(Tensor.Zeros(ElementType.Int8, [9])) : model.Zero(ElementType.Int8, 0));
        AssertFloat(model.Output(model.Node("Add", [y, model.Floats(1, 9)])), "MatMul", BuiltinOperator.FullyConnected);
    }

    [TestMethod]
    [DataRow(128)]
    [DataRow(109)]
    public void A_convolution_becomes_a_layer_of_floats(int zero)
    {
        var model = new RewriteModel();
        string[] q = model.Nodes("DynamicQuantizeLinear", [model.Input(ElementType.Float32, 1, 3, 8, 8)], 3);
        string sums = model.Node("ConvInteger",
            [q[0], model.Integers(ElementType.UInt8, 4, 3, 3, 3), q[2], model.Zero(ElementType.UInt8, zero)],
            ("pads", new long[] { 1, 1, 1, 1 }), ("strides", new long[] { 2, 2 }));
        string y = model.Node("Mul",
            [model.Node("Cast", [sums], ("to", 1)), model.Node("Mul", [q[1], model.Scale(0.01f)])]);
        AssertFloat(model.Output(y), "Conv", BuiltinOperator.Conv2D);
    }

    [TestMethod]
    public void A_product_of_two_that_are_rounded_is_one_of_floats()
    {
        var model = new RewriteModel();
        string[] a = model.Nodes("DynamicQuantizeLinear", [model.Input(ElementType.Float32, 2, 4, 6)], 3);
        string[] b = model.Nodes("DynamicQuantizeLinear", [model.Input(ElementType.Float32, 2, 6, 5)], 3);
        string sums = model.Node("MatMulInteger", [a[0], b[0], a[2], b[2]]);
        string y = model.Node("Mul", [model.Node("Cast", [sums], ("to", 1)), model.Node("Mul", [a[1], b[1]])]);
        model.Output(y).AssertAgrees(step: Rounding);
        Assert.AreEqual("MatMul", string.Join(' ', model.Read().Nodes.Select(n => n.Type)));
    }

    [TestMethod]
    public void ONNX_Runtimes_own_layers_become_layers_of_floats()
    {
        var model = new RewriteModel();
        string x = model.Input(ElementType.Float32, 2, 30);
        string y = model.Node("DynamicQuantizeMatMul", [x, model.Integers(ElementType.Int8, 30, 9), model.Scale(0.01f, 9),
            model.Constant(Tensor.Zeros(ElementType.Int8, [9])), model.Floats(1, 9)]);
        string[] q = model.Nodes("DynamicQuantizeLinear", [x], 3);
        string z = model.Node("MatMulIntegerToFloat", [q[0], model.Integers(ElementType.UInt8, 30, 9), q[1], model.Scale(0.01f), q[2],
            model.Zero(ElementType.UInt8, 120), model.Floats(1, 9)]);
        model.Output(y).Output(z).AssertAgrees(step: Rounding);
        Assert.AreEqual("MatMul Add MatMul Add", string.Join(' ', model.Read().Nodes.Select(n => n.Type)));
    }

    [TestMethod]
    public void A_product_of_integers_that_the_caller_gives_is_restored()
    {
        var model = new RewriteModel();
        string y = model.Node("MatMulIntegerToFloat", [model.Input(ElementType.UInt8, 2, 30), model.Integers(ElementType.Int8, 30, 9),
            model.Scale(0.02f), model.Scale(0.01f), model.Zero(ElementType.UInt8, 120), model.Zero(ElementType.Int8, 0)]);
        model.Output(y).AssertAgrees();
    }

    [TestMethod]
    public void Another_scale_is_not_recognized()
    {
        var model = new RewriteModel();
        string[] q = model.Nodes("DynamicQuantizeLinear", [model.Input(ElementType.Float32, 2, 30)], 3);
        string sums = model.Node("MatMulInteger",
            [q[0], model.Integers(ElementType.Int8, 30, 9), q[2], model.Zero(ElementType.Int8, 0)]);
        model.Output(model.Node("Mul", [model.Node("Cast", [sums], ("to", 1)), model.Scale(0.01f)])).AssertAgrees();
    }

    private static string Product(RewriteModel model, string x, string weight, string scale, string zero)
    {
        string[] q = model.Nodes("DynamicQuantizeLinear", [x], 3);
        string sums = model.Node("MatMulInteger", [q[0], weight, q[2], zero]);
        return model.Node("Mul", [model.Node("Cast", [sums], ("to", 1)), model.Node("Mul", [q[1], scale])]);
    }

    private static void AssertFloat(RewriteModel model, string layer, BuiltinOperator written)
    {
        model.AssertAgrees(step: Rounding);
        Assert.AreEqual(1, model.Read().Nodes.Count(n => n.Type == layer));
        CollectionAssert.DoesNotContain(model.Read().Nodes.Select(n => n.Type).ToArray(), "QuantizeLinear");

        // In int8 it is calibrated as any layer is, and computes on integers.
        using var folder = new TempFolder();
        Dictionary<string, Tensor> feeds = model.Read().Feeds();
        Tensor x = feeds["x0"];
        string data = folder.Write("data.npy", DataTesting.Npy("<f4", string.Join(", ", x.Dims.ToArray()) + ",", x.Bytes.Span));
        CompiledModel compiled = ModelCompiler.Compile(
            folder.Write("model.onnx", model.Bytes()), new CompileOptions { CalibrationData = [data] }, new DiagnosticList());
        List<BuiltinOperator> operators = [.. LoweringGraph.Operators(compiled.Tflite)];
        Assert.IsLessThan(operators.IndexOf(BuiltinOperator.Dequantize), operators.IndexOf(written), string.Join(' ', operators));
        float[] e = Elements.ToFloats(OnnxRuntime.Run(model.Bytes(), feeds, asWritten: true)[0]);
        float[] a = Elements.ToFloats(TfliteRunner.Run(compiled.Tflite, x)[0]);
        Assert.IsLessThanOrEqualTo(Rounding * e.Max(MathF.Abs), e.Zip(a, (p, q) => MathF.Abs(p - q)).Max());
    }
}
