using System.Text.RegularExpressions;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Tests.Onnx;
using ModelOpt.Compiler.Tests.Operators;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class GridAgreementTests
{
    // No ratio of two of these steps is a simple one: what lies on one grid is seldom half way between two steps of another.
    private const float Step = 0.0217f;

    [TestMethod]
    [DataRow("Split")]
    [DataRow("Slice")]
    [DataRow("Gather")]
    [DataRow("Transpose")]
    [DataRow("Reshape")]
    [DataRow("Flatten")]
    [DataRow("Squeeze")]
    [DataRow("Unsqueeze")]
    [DataRow("Pad")]
    [DataRow("Pad of 0.5")]
    [DataRow("Pad of 9")]
    [DataRow("MaxPool")]
    [DataRow("AveragePool")]
    [DataRow("Concat")]
    public void A_mover_between_two_grids_requantizes(string mover)
    {
        var m = new QdqModel();
        string y = Mover(m, mover, m.Round(Conv(m, m.Input(1, 3, 8, 8)), 0.0113f, 120));
        CompiledModel model = QdqAgreement.AssertComputesTheSame(m.Output(m.Round(y, Step, 60)).Bytes(), Step);
        // Only the mean of a pool and a fill that is on no grid are computed in float.
        bool inFloat = mover is "AveragePool" or "Pad of 0.5" or "Pad of 9";
        string operators = string.Join(' ', LoweringTesting.Operators(model.Tflite));
        Assert.AreEqual(inFloat, Regex.IsMatch(operators, "DEQUANTIZE (?!QUANTIZE)"), operators);
    }

    [TestMethod]
    [DataRow("Split")]
    [DataRow("Transpose")]
    [DataRow("Pad")]
    [DataRow("Pad of 0.5")]
    [DataRow("MaxPool")]
    [DataRow("AveragePool")]
    [DataRow("Concat")]
    public void A_mover_whose_input_or_output_is_not_rounded_computes_the_same(string mover)
    {
        // First only its input is rounded, then only its output.
        var m = new QdqModel();
        string y = Mover(m, mover, m.Round(Conv(m, m.Input(1, 3, 8, 8)), 0.0113f, 120));
        QdqAgreement.AssertComputesTheSame(m.Output(y).Bytes(), 0.0113f);

        m = new QdqModel();
        y = Mover(m, mover, Conv(m, m.Input(1, 3, 8, 8)));
        QdqAgreement.AssertComputesTheSame(m.Output(m.Round(y, Step, 60)).Bytes(), Step);
    }

    [TestMethod]
    public void Layers_whose_results_are_rounded_behind_movers_run_in_integers()
    {
        var m = new QdqModel();
        string y = m.Node("Transpose",
            [m.Node("MaxPool", [m.Node("Relu", [Conv(m, m.Input(1, 3, 8, 8))])], ("kernel_shape", new long[] { 2, 2 }))]);
        CompiledModel model = QdqAgreement.AssertComputesTheSame(m.Output(m.Round(y, Step, 60)).Bytes(), Step);
        Assert.AreEqual("QUANTIZE TRANSPOSE CONV_2D MAX_POOL_2D TRANSPOSE DEQUANTIZE",
            string.Join(' ', LoweringTesting.Operators(model.Tflite)));
    }

    [TestMethod]
    public void A_part_that_is_also_read_unrounded_keeps_its_grid()
    {
        var m = new QdqModel();
        string[] parts = m.Nodes("Split", [m.Round(Conv(m, m.Input(1, 3, 8, 8)), 0.0113f, 120)], 2, ("axis", 1));
        string sum = m.Node("Add", [m.Round(parts[0], 0.0317f, 100), parts[0]]);
        QdqAgreement.AssertComputesTheSame(
            m.Output(m.Round(m.Node("Concat", [sum, m.Round(parts[1], 0.0153f, 10, ElementType.Int8)], ("axis", 1)), Step, 60)).Bytes(),
            Step);
    }

    [TestMethod]
    [DataRow("Sigmoid", 1 / 255f, 0)]
    [DataRow("Sigmoid", 1 / 256f, 0)]
    [DataRow("Softmax", 1 / 255f, 0)]
    [DataRow("Tanh", 0.008f, 127)]
    [DataRow("Tanh", 1 / 128f, 128)]
    public void An_output_whose_grid_TFLite_prescribes_may_have_another(string op, float scale, int zero)
    {
        var m = new QdqModel();
        string x = m.Round(Conv(m, m.Input(1, 3, 8, 8)), 0.0113f, 120);
        // ONNX Runtime's own int8 Softmax rounds its exponentials.
        double optimized = op == "Softmax" ? 0.2 : 0.02;
        QdqAgreement.AssertComputesTheSame(m.Output(m.Round(m.Node(op, [x]), scale, zero)).Bytes(), scale, optimized);
    }

    private static string Conv(QdqModel m, string x) =>
        m.Node("Conv", [x, m.Weight([4, 3, 3, 3], ElementType.Int8, -127, 127, 0.004f)], ("pads", new long[] { 1, 1, 1, 1 }));

    /// <summary>A mover on [1, 4, 8, 8].</summary>
    private static string Mover(QdqModel m, string mover, string x) => mover switch
    {
        "Split" => m.Nodes("Split", [x, Longs(m, 1, 3)], 2, ("axis", 1))[1],
        "Slice" => m.Node("Slice", [x, Longs(m, 1), Longs(m, 7), Longs(m, 2), Longs(m, 2)]),
        "Gather" => m.Node("Gather", [x, Longs(m, 3, 0, 3)], ("axis", 1)),
        "Transpose" => m.Node("Transpose", [x], ("perm", new long[] { 0, 3, 1, 2 })),
        "Reshape" => m.Node("Reshape", [x, Longs(m, 1, 8, 4, 8)]),
        "Flatten" => m.Node("Flatten", [x]),
        "Squeeze" => m.Node("Squeeze", [x, Longs(m, 0)]),
        "Unsqueeze" => m.Node("Unsqueeze", [x, Longs(m, 1)]),
        "Pad" => m.Node("Pad", [x, Longs(m, 0, 0, 1, 2, 0, 0, 0, 1)]),
        "Pad of 0.5" => m.Node("Pad", [x, Longs(m, 0, 0, 1, 2, 0, 0, 0, 1), m.Constant(Tensor.Scalar(0.503f))]),
        "Pad of 9" => m.Node("Pad", [x, Longs(m, 0, 0, 1, 2, 0, 0, 0, 1), m.Constant(Tensor.Scalar(3f))]),
        "Concat" => m.Node("Concat", [x, m.Round("x", 0.009f, 3, ElementType.Int8), m.Floats(9, 1, 1, 8, 8)], ("axis", 1)),
        _ => m.Node(mover, [x], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 1 })),
    };

    private static string Longs(QdqModel m, params long[] elements) => m.Constant(Tensor.Vector<long>(elements));
}
