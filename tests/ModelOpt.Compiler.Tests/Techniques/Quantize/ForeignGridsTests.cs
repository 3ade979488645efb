using ModelOpt.Compiler.Tests.Onnx;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class ForeignGridsTests
{
    [TestMethod]
    [DataRow(ElementType.Int16, 0)]
    [DataRow(ElementType.UInt16, 32768)]
    public void Activations_of_16_bits_are_computed_in_float(ElementType type, int zero)
    {
        QdqModel m = Model(type, zero);
        QdqAgreement.AssertComputesTheSame(m.Bytes(), 0.001f, warnings: "MOPT4018");
    }

    [TestMethod]
    public void Activations_of_16_bits_saturate_still()
    {
        // The zero point makes it a Relu, and the scale ends it at 0.65.
        QdqModel m = new();
        m.Model.Opset(21);
        string x = m.Round(m.Input(1, 3, 6, 6), 1e-5f, 0, ElementType.UInt16);
        QdqAgreement.AssertComputesTheSame(m.Output(m.Node("Neg", [x])).Bytes(), 0.001f, warnings: "MOPT4018");
    }

    [TestMethod]
    [DataRow(ElementType.Int16)]
    [DataRow(ElementType.UInt16)]
    [DataRow(ElementType.Int32)]
    public void Weights_of_more_than_8_bits_are_computed_with_in_float(ElementType type)
    {
        var m = new QdqModel();
        m.Model.Opset(21);
        // ONNX Runtime's optimizations make int8 of float weights between activations that are rounded.
        string w = m.Weight([4, 3, 3, 3], type, type == ElementType.UInt16 ? 1 : -1000, 1000, 0.0004f);
        string y = m.Round(m.Node("Conv", [m.Input(1, 3, 6, 6), w]), 0.02f, 110);
        QdqAgreement.AssertComputesTheSame(m.Output(y).Bytes(), 0.02f, 0.3);
    }

    [TestMethod]
    [DataRow(ElementType.UInt8, 128, 128, 128)]
    [DataRow(ElementType.Int8, 0, 0, 0)]
    [DataRow(ElementType.Int8, 4, -60, 100)]
    public void Activations_with_a_grid_per_channel_are_rounded_to_it(ElementType type, int a, int b, int c)
    {
        var m = new QdqModel();
        m.Model.Input("x", "1", "3", "6", "6");
        string x = m.Round("x", [0.004f, 0.01f, 0.03f], [a, b, c], 1, type);
        string y = m.Node("Conv", [x, m.Weight([3, 3, 1, 1], ElementType.Int8, -127, 127, 0.004f)]);
        y = m.Round(y, [0.01f, 0.02f, 0.02f], [a, b, c], 1, type);
        QdqAgreement.AssertComputesTheSame(m.Output(y).Bytes(), 0.02f);
    }

    private static QdqModel Model(ElementType type, int zero)
    {
        var m = new QdqModel();
        m.Model.Opset(21).Input("x", "1", "3", "6", "6");
        string x = m.Round("x", 1 / 32767f, zero, type);
        string y = m.Round(m.Node("Conv", [x, m.Weight([4, 3, 3, 3], ElementType.Int8, -127, 127, 0.004f)]), 0.0002f, zero, type);
        return m.Output(m.Node("Relu", [y]));
    }
}
