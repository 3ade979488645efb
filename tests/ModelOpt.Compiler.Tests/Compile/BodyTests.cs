using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Tests.Data;
using ModelOpt.Compiler.Tests.Onnx;
using ModelOpt.Compiler.Tests.Operators;
using ModelOpt.Compiler.Tests.Operators.Control;
using ModelOpt.Compiler.Tests.Peers;

namespace ModelOpt.Compiler.Tests.Compile;

/// <summary>Whole compiles of models whose nodes have bodies.</summary>
[TestClass]
internal sealed class BodyTests
{
    private const int Samples = 8;

    [TestMethod]
    [DataRow(QuantizationMode.None, 1e-4f)]
    [DataRow(QuantizationMode.Float16, 5e-3f)]
    [DataRow(QuantizationMode.WeightOnlyInt8, 0.05f)]
    [DataRow(QuantizationMode.Int8, 0.1f)]
    public void Layers_around_bodies_are_compressed_and_bodies_stay(QuantizationMode mode, float tolerance)
    {
        using var folder = new TempFolder();
        byte[] onnx = Model();
        string model = folder.Write("model.onnx", onnx);
        Tensor data = TestGraph.RandomTensor(5, Samples, 4, 6, 6);
        // The condition is whether the image's largest element is 0: in half of the images nothing else is there.
        data.Span<float>()[..(data.Count / 2)].Clear();
        string file = folder.Write("data.npy", DataTesting.Npy("<f4", $"{Samples}, 4, 6, 6", data.Bytes.Span));
        var diagnostics = new DiagnosticList();
        CompiledModel compiled = ModelCompiler.Compile(model, new CompileOptions
        {
            Quantization = mode, CalibrationData = mode == QuantizationMode.Int8 ? [file] : [],
        }, diagnostics);
        Assert.AreEqual("", string.Join(", ", diagnostics.Diagnostics.Where(d => d.Descriptor.Severity != DiagnosticSeverity.Info)));
        string[] operators = [.. LoweringTesting.Operators(compiled.Tflite)];
        CollectionAssert.IsSubsetOf(new[] { "IF", "WHILE", "CONV_2D" }, operators);
        Assert.AreEqual(mode == QuantizationMode.Int8, operators.Contains("QUANTIZE"));
        int sample = data.Count / Samples;
        foreach (int index in new[] { 0, Samples - 1 })
        {
            Tensor image = Tensor.Of<float>([1, 4, 6, 6], data.Span<float>().Slice(index * sample, sample));
            var feeds = new Dictionary<string, Tensor> { ["x"] = image };
            float[] expected = Floats(OnnxRuntime.Run(onnx, feeds));
            float scale = expected.Max(MathF.Abs);
            foreach (Tensor[] results in new[]
            {
                OnnxRuntime.Run(compiled.Onnx, feeds), TfliteRunner.Run(compiled.Tflite, image),
                TfliteRunner.RunLiteRt(compiled.Tflite, image),
            })
            {
                float worst = expected.Zip(Floats(results), (e, a) => MathF.Abs(e - a)).Max();
                Assert.IsLessThanOrEqualTo(tolerance * scale, worst, $"sample {index}");
            }
        }
    }

    [TestMethod]
    public void A_custom_operator_in_a_body_is_warned_of()
    {
        using var folder = new TempFolder();
        GraphProto then = new OnnxModel().Node("Cast a: x -> i", ("to", 2)).Node("BitShift e: i i -> s", ("direction", "LEFT"))
            .Node("Cast c: s -> r", ("to", 1)).Gives("r").Graph;
        GraphProto other = new OnnxModel().Node("Relu e: x -> r").Gives("r").Graph;
        string model = folder.Write("model.onnx", new OnnxModel().Input("x", "2").Input("flag", BodyModels.Bool)
            .Node("If choice: flag -> y", ("then_branch", then), ("else_branch", other)).Output("y", "2").Bytes());
        var diagnostics = new DiagnosticList();
        ModelCompiler.Compile(model, new CompileOptions(), diagnostics);
        StringAssert.Contains(diagnostics.Diagnostics.Single(d => d.Descriptor.Code == "MOPT5007").Message, "modelopt.LeftShift");
    }

    private static float[] Floats(Tensor[] results) => results[0].Span<float>().ToArray();

    /// <summary>conv → If (conv, or what comes in) → Loop (three times x = relu(x) · ½ + conv) → conv.</summary>
    private static byte[] Model()
    {
        OnnxModel model = new OnnxModel().Input("x", "1", "4", "6", "6");
        foreach ((string name, int seed) in new[] { ("w", 1), ("v", 2), ("u", 3) })
            model.Initializer(name, [4, 4, 3, 3], TestGraph.RandomTensor(seed, 4, 4, 3, 3).Span<float>().ToArray());
        model.Initializer("b", [4], 0.5f, -1, 2, 0.25f).Initializer("half", [], 0.5f).Longs("three", [], 3);
        (string, object) pads = ("pads", new[] { 1L, 1, 1, 1 });
        GraphProto then = new OnnxModel().Node("Conv inside: n v -> r", pads).Gives("r").Graph;
        GraphProto other = new OnnxModel().Node("Identity same: n -> r").Gives("r").Graph;
        OnnxModel body = new OnnxModel().Input("iter", BodyModels.Long).Input("cond_in", BodyModels.Bool).Input("s")
            .Node("Identity i: cond_in -> cond").Node("Relu r: s -> p").Node("Mul m: p half -> q").Node("Add a: q n -> next")
            .Gives("cond", "next");
        body.Graph.Input[2].Type = null;
        return model.Node("Conv first: x w b -> n", pads)
            .Node("ReduceMax largest: x -> most", ("axes", new[] { 1L, 2, 3 }), ("keepdims", 0)).Node("Cast c: most -> flag", ("to", 9))
            .Node("If choice: flag -> y", ("then_branch", then), ("else_branch", other))
            .Node("Loop l: three _ y -> z", ("body", body.Graph)).Node("Conv last: z u b -> o", pads).Output("o", "1", "4", "6", "6")
                .Bytes();
    }
}
