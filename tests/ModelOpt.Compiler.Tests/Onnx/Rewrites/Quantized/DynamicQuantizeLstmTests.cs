namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Quantized;

[TestClass]
internal sealed class DynamicQuantizeLstmTests
{
    [TestMethod]
    [DataRow("forward", ElementType.Int8)]
    [DataRow("bidirectional", ElementType.UInt8)]
    public void Computes_what_ONNX_Runtime_does_but_for_what_that_rounds(string direction, ElementType type)
    {
        const int Inputs = 4, Hidden = 5;
        int directions = direction == "bidirectional" ? 2 : 1;
        var model = new RewriteModel();
        string zeros = model.Constant(type == ElementType.Int8 ? Tensor.Zeros(type, [directions]) : Tensor.Vector<byte>(120, 130));
        string scales = model.Constant(directions == 1 ? Tensor.Vector(0.004f) : Tensor.Vector(0.004f, 0.003f));
        string y = model.Node(
            "DynamicQuantizeLSTM",
            [model.Input(ElementType.Float32, 6, 2, Inputs), model.Integers(type, directions, Inputs, 4 * Hidden),
                model.Integers(type, directions, Hidden, 4 * Hidden), model.Floats(1, directions, 8 * Hidden), "", "", "", "",
                scales, zeros, scales, zeros],
            ("hidden_size", (long)Hidden), ("direction", direction));
        // Inputs and states are rounded to 255 steps there.
        model.Output(y).AssertAgrees(step: 0.02f);
    }
}
