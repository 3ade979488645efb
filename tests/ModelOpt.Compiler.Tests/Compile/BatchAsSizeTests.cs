using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Runtime;

namespace ModelOpt.Compiler.Tests.Compile;

/// <summary>
/// Models whose first dimension is open, but does not count samples that stay apart: steps of time, rows that are compared, inputs of which
/// one has no samples. It is an open size like others.
/// </summary>
[TestClass]
internal sealed class BatchAsSizeTests
{
    private static readonly Dim N = new(-1, "N"), T = new(-1, "T");

    [TestMethod]
    public void Time_comes_first() => Check([T, 1, 3], (g, x) =>
        g.Add("GRU", [x, g.Random(1, 1, 12, 3), g.Random(2, 1, 12, 4)], ("hidden_size", 4)), [5, 1, 3], [1, 1, 3], [9, 1, 3]);

    [TestMethod]
    public void Rows_make_up_one() => Check([N, 1], (g, x) => g.Add("Softmax", [x], ("axis", 0)), [7, 1], [2, 1]);

    [TestMethod]
    public void Rows_are_a_vector() => Check([N], (g, x) => g.Add("Softmax", [x], ("axis", 0)), [7], [2]);

    [TestMethod]
    public void Rows_become_columns() => Check([N, 1], (g, x) => g.Add("Transpose", x), [4, 1], [1, 1]);

    [TestMethod]
    public void Samples_get_an_axis_before_them() =>
        Check([N, 3], (g, x) => g.Add("Unsqueeze", x, g.Longs(0)), [4, 3], [1, 3]);

    [TestMethod]
    public void Rows_are_masked_by_their_number() => Check([N, T], (g, x) => g.Add("Trilu", x), [5, 2], [3, 7]);

    [TestMethod]
    public void One_input_has_no_samples()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, 3), y = g.Input("y", 3);
        x.Shape = new Shape(N, 3);
        g.Output(g.Add("Mul", x, y));
        byte[] model = OnnxWriter.Write(g.Build()), file = Compiled(model);
        Tensor many = TestGraph.RandomTensor(7, 4, 3), one = TestGraph.RandomTensor(8, 3);
        GraphTesting.AssertClose(
            GraphTesting.RunPeer(model, new Dictionary<string, Tensor> { ["x"] = many, ["y"] = one }), TfliteRunner.Run(file, many, one));
    }

    [TestMethod]
    public void Samples_that_stay_apart_are_run_one_by_one()
    {
        using TfliteModel model = TfliteModel.Load(Compiled(Model([N, 3], (g, x) => g.Add("Softmax", [x], ("axis", 1)))));
        Assert.IsTrue(model.HasDynamicBatch);
        Assert.IsFalse(model.HasOpenSizes);
    }

    [TestMethod]
    public void The_number_of_rows_follows_from_the_elements()
    {
        using TfliteModel model = TfliteModel.Load(Compiled(Model([N, 1], (g, x) => g.Add("Softmax", [x], ("axis", 0)))));
        Assert.AreEqual((false, true), (model.HasDynamicBatch, model.HasOpenSizes));
        Assert.AreEqual(3, model.BatchOf(3));
        float[] y = new float[3];
        using (ModelCall call = model.Begin(3))
        {
            call.SetInput<float>(0, [0, 0, 0]);
            call.Run();
            CollectionAssert.AreEqual((int[])[3, 1], call.GetOutputShape(0).ToArray());
            call.GetOutput(0, y.AsSpan());
        }

        Assert.AreEqual(1f / 3, y[1], 1e-6f);
        model.Run<float, float>([1, 1], y.AsSpan(0, 2));
        Assert.AreEqual(0.5f, y[0], 1e-6f);
    }

    private static void Check(Dim[] dims, Func<TestGraph, Value, Value> build, params int[][] sizes)
    {
        byte[] model = Model(dims, build), file = Compiled(model);
        foreach (int[] size in sizes)
        {
            Tensor x = TestGraph.RandomTensor(7, size);
            GraphTesting.AssertClose(GraphTesting.RunPeer(model, new Dictionary<string, Tensor> { ["x"] = x }), TfliteRunner.Run(file, x));
        }
    }

    private static byte[] Model(Dim[] dims, Func<TestGraph, Value, Value> build)
    {
        var g = new TestGraph();
        Value x = g.Input("x", [.. dims.Select(_ => 1L)]);
        x.Shape = new Shape(dims);
        g.Output(build(g, x));
        return OnnxWriter.Write(g.Build());
    }

    private static byte[] Compiled(byte[] model)
    {
        using var folder = new TempFolder();
        var options = new CompileOptions { Quantization = QuantizationMode.None };
        return ModelCompiler.Compile(folder.Write("model.onnx", model), options, new DiagnosticList()).Tflite;
    }
}
