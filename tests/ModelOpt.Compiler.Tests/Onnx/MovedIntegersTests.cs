using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Tests.Onnx.Rewrites;
using ModelOpt.Compiler.Tests.Operators.Contract;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Tests.Onnx;

[TestClass]
internal sealed class MovedIntegersTests
{
    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Integers_between_layers_stay_integers(bool hasZero)
    {
        var model = new RewriteModel();
        ElementType type = hasZero ? ElementType.UInt8 : ElementType.Int8;
        string scale = model.Scale(0.3f), zero = model.Zero(type, hasZero ? 128 : 0);
        string x = model.Input(ElementType.Float32, 1, 3, 8, 8);
        string fed = model.Scale(0.02f), q = model.Node("QuantizeLinear", [x, fed, zero]);
        string conv = model.Node("Conv", [model.Node("DequantizeLinear", [q, fed, zero]), Weight(4, 3, 3, 3)]);
        string pooled = model.Node("MaxPool", [model.Node("QuantizeLinear", [conv, scale, zero])],
            ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }));
        string flat = model.Node("Reshape", [pooled, model.Constant(Tensor.Vector<long>(1, 36))]);
        string y = model.Node("MatMul", [model.Node("DequantizeLinear", hasZero ? [flat, scale, zero] : [flat, scale]), Weight(36, 5)]);
        string last = model.Node("QuantizeLinear", [y, model.Scale(1f), zero]);
        CompiledModel compiled = model.Output(last, type).AssertAgrees(off: 0.2);
        BuiltinOperator[] operators = LoweringGraph.Operators(compiled.Tflite);
        CollectionAssert.DoesNotContain(operators, BuiltinOperator.Dequantize);
        CollectionAssert.DoesNotContain(operators, BuiltinOperator.Cast);

        string Weight(params int[] dims) => model.Node(
            "DequantizeLinear", [model.Integers(ElementType.Int8, dims), model.Scale(0.01f), model.Zero(ElementType.Int8, 0)]);
    }

    [TestMethod]
    public void Integers_that_others_read_stay_as_they_are()
    {
        var model = new RewriteModel();
        string zero = model.Zero(ElementType.UInt8, 128), scale = model.Scale(0.02f);
        string q = model.Node("QuantizeLinear", [model.Input(ElementType.Float32, 1, 3, 8, 8), scale, zero]);
        string moved = model.Node("Transpose", [q], ("perm", new long[] { 0, 2, 3, 1 }));
        model.Output(model.Node("DequantizeLinear", [moved, scale, zero])).Output(model.Node("Cast", [moved], ("to", 1)));
        model.AssertAgrees(step: 0.03f);
        Assert.AreEqual(ElementType.UInt8, model.Read().Nodes.Single(n => n.Type == "Transpose").Output.Type);
    }
}
