using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Tests.Onnx;
using ModelOpt.Compiler.Tests.Operators;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class LayerGridsTests
{
    private const float Step = 0.03f;
    private const string InFloat = "MOPT4017";

    // ONNX Runtime's optimizations make int8 of float weights between activations that are rounded.
    private const double Requantized = 0.5;

    [TestMethod]
    public void Two_layers_with_one_bias_each_get_their_own()
    {
        var m = new QdqModel();
        string bias = m.Restore(QdqModel.Integers(ElementType.Int32, [4], 6550, -186, 8338, 2461), [0.004f / 127.5f], [0]);
        string x = m.Input(1, 3, 6, 6);
        x = m.Round(m.Node("Relu", [m.Node("Conv", [x, m.Weight([4, 3, 3, 3], ElementType.Int8, -127, 127, 0.004f), bias])]), 0.025f, 0);
        string w = m.Weight([4, 4, 3, 3], ElementType.Int8, -127, 127, 0.02f, seed: 2);
        AssertInIntegers(m.Output(m.Round(m.Node("Conv", [x, w, bias]), 0.4f, 100)), 0.4f);
    }

    [TestMethod]
    [DataRow("float")]
    [DataRow("int32, one scale")]
    [DataRow("int32, a scale per channel")]
    [DataRow("int32, a zero point")]
    [DataRow("int8")]
    [DataRow("uint8")]
    public void A_bias_on_any_grid_is_put_on_that_of_the_sums(string kind)
    {
        foreach (bool perChannel in new[] { false, true })
        {
            var m = new QdqModel();
            string w = perChannel
                ? m.Weight([4, 3, 3, 3], ElementType.Int8, -127, 127, [0.001f, 0.002f, 0.004f, 0.003f], new int[4], 0)
                : m.Weight([4, 3, 3, 3], ElementType.Int8, -127, 127, 0.004f);
            string bias = kind switch
            {
                "float" => m.Floats(4, 4),
                "int8" => m.Restore(QdqModel.Integers(ElementType.Int8, [4], 100, -7, 33, -120), [0.007f], [3]),
                "uint8" => m.Restore(QdqModel.Integers(ElementType.UInt8, [4], 100, 7, 33, 255), [0.007f], [128]),
                "int32, a scale per channel" => m.Restore(
                    QdqModel.Integers(ElementType.Int32, [4], 100, -7000, 333, -1200), [0.007f, 0.0001f, 0.002f, 0.0003f], new int[4]),
                "int32, a zero point" => m.Restore(QdqModel.Integers(ElementType.Int32, [4], 1000, -700, 333, -1200), [0.0007f], [40]),
                _ => m.Restore(QdqModel.Integers(ElementType.Int32, [4], 1000, -700, 333, -1200), [0.0007f], [0]),
            };
            AssertInIntegers(m.Output(m.Round(m.Node("Conv", [m.Input(1, 3, 6, 6), w, bias]), Step, 110)), Step);
        }
    }

    [TestMethod]
    public void A_bias_that_sums_have_no_room_for_leaves_the_layer_in_float()
    {
        // ONNX Runtime's optimizations round such a bias to an int32 that overflows.
        var m = new QdqModel();
        string bias = m.Constant(Tensor.Vector(9e5f, 1f, -2f, 0f));
        string y = m.Node("Conv", [m.Input(1, 3, 6, 6), m.Weight([4, 3, 3, 3], ElementType.Int8, -127, 127, 1e-5f), bias]);
        QdqAgreement.AssertComputesTheSame(m.Output(m.Round(y, 4000, 0)).Bytes(), 4000, -1, InFloat);
    }

    /// <summary>On the grid already, but its sums with products would be beyond int32.</summary>
    [TestMethod]
    [DataRow(1_000_598_524, true)]
    [DataRow(2_147_426_024, false)]
    [DataRow(-2_147_426_024, false)]
    public void A_bias_of_the_file_has_room_or_leaves_the_layer_in_float(int steps, bool fits)
    {
        var m = new QdqModel();
        string bias = m.Restore(QdqModel.Integers(ElementType.Int32, [4], steps, 1, -2, 0), [1e-5f / 127.5f], [0]);
        string y = m.Node("Conv", [m.Input(1, 3, 6, 6), m.Weight([4, 3, 3, 3], ElementType.Int8, -127, 127, 1e-5f), bias]);
        QdqAgreement.AssertComputesTheSame(m.Output(m.Round(y, 2, 128)).Bytes(), 2, -1, fits ? [] : [InFloat]);
    }

    [TestMethod]
    [DataRow(ElementType.UInt8, 1, 255, 128, true)]
    [DataRow(ElementType.UInt8, 0, 255, 128, true)]
    [DataRow(ElementType.UInt8, 0, 255, 113, false)]
    [DataRow(ElementType.UInt8, 0, 200, 90, true)]
    [DataRow(ElementType.Int8, -128, 127, 0, true)]
    [DataRow(ElementType.Int8, -128, 127, 5, false)]
    [DataRow(ElementType.Int8, -100, 80, -20, true)]
    public void A_weight_with_a_zero_point_is_stored_without_where_that_fits(ElementType type, int low, int high, int zero, bool fits)
    {
        var m = new QdqModel();
        string w = m.Weight([4, 3, 3, 3], type, low, high, 0.004f, zero), bias = m.Floats(3, 4);
        string y = m.Round(m.Node("Conv", [m.Input(1, 3, 6, 6), w, bias]), Step, 110);
        AssertInIntegers(m.Output(y), Step, fits);

        m = new QdqModel();
        w = m.Weight([4, 3, 3, 3], type, low, high, [0.001f, 0.002f, 0.004f, 0.003f],
            [zero, type == ElementType.UInt8 ? 128 : 0, zero, zero], 0);
        AssertInIntegers(m.Output(m.Round(m.Node("Conv", [m.Input(1, 3, 6, 6), w]), Step, 110)), Step, fits);
    }

    [TestMethod]
    [DataRow("MatMul", 1, true)]
    [DataRow("MatMul", 0, false)]
    [DataRow("Gemm", 1, true)]
    [DataRow("Gemm", 0, false)]
    [DataRow("Gemm, transB", 0, true)]
    [DataRow("Gemm, transB", 1, false)]
    public void Scales_along_inputs_leave_a_dense_layer_in_float(string kind, int axis, bool fits)
    {
        var m = new QdqModel();
        string x = m.Input(3, 5);
        string w = m.Weight([5, 5], ElementType.Int8, -127, 127, [0.01f, 0.02f, 0.005f, 0.03f, 0.04f], new int[5], axis);
        string y = kind == "Gemm, transB" ? m.Node("Gemm", [x, w], ("transB", 1)) : m.Node(kind, [x, w]);
        AssertInIntegers(m.Output(m.Round(y, Step, 110)), Step, fits, Requantized);
    }

    [TestMethod]
    public void Scales_along_inputs_leave_a_convolution_in_float()
    {
        var m = new QdqModel();
        string w = m.Weight([4, 3, 3, 3], ElementType.Int8, -127, 127, [0.001f, 0.002f, 0.004f], new int[3], 1);
        AssertInIntegers(m.Output(m.Round(m.Node("Conv", [m.Input(1, 3, 6, 6), w]), Step, 110)), Step, false, Requantized);
    }

    [TestMethod]
    [DataRow("alpha")]
    [DataRow("beta")]
    [DataRow("C per row")]
    [DataRow("C of all")]
    [DataRow("transA")]
    public void A_Gemm_that_is_more_than_a_product_and_a_bias_computes_the_same(string kind)
    {
        var m = new QdqModel();
        string x = m.Input(kind == "transA" ? [5, 3] : [3, 5]), w = m.Weight([5, 4], ElementType.Int8, -127, 127, 0.01f);
        string c = kind switch { "C per row" => m.Floats(2, 3, 1), "C of all" => m.Floats(2, 3, 4), _ => m.Floats(2, 4) };
        (string, object)[] attributes = kind is "alpha" or "beta" ? [(kind, 0.5f)] : kind == "transA" ? [("transA", 1)] : [];
        AssertInIntegers(m.Output(m.Round(m.Node("Gemm", [x, w, c], attributes), Step, 110)), Step, fits: kind == "transA");
    }

    [TestMethod]
    public void Activations_of_int8_and_uint8_go_together()
    {
        var m = new QdqModel();
        m.Model.Input("x", "1", "3", "6", "6");
        string x = m.Round("x", 0.0083f, -3, ElementType.Int8);
        string y = m.Round(m.Node("Conv", [x, m.Weight([3, 3, 1, 1], ElementType.Int8, -127, 127, 0.004f)]), 0.01f, 5, ElementType.Int8);
        AssertInIntegers(m.Output(m.Round(m.Node("Add", [y, x]), Step, 110)), Step);
    }

    /// <summary>Fails unless the model computes the same, and does so in integers but for its input and output.</summary>
    private static void AssertInIntegers(QdqModel m, float step, bool fits = true, double optimized = 0.02)
    {
        CompiledModel model = QdqAgreement.AssertComputesTheSame(m.Bytes(), step, optimized, fits ? [] : [InFloat]);
        int conversions = LoweringTesting.Operators(model.Tflite).Count(o => o is "DEQUANTIZE");
        if (fits) Assert.AreEqual(1, conversions);
        else Assert.IsGreaterThan(1, conversions);
    }
}
