using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Tests.Onnx;
using ModelOpt.Compiler.Tests.Operators.Control;
using ModelOpt.Runtime;
using static ModelOpt.Compiler.Tests.Operators.Control.BodyModels;

namespace ModelOpt.Compiler.Tests.Compile;

/// <summary>An If that takes an axis away where it has one element: ranks that open sizes never lead to.</summary>
[TestClass]
internal sealed class SizedBranchesTests
{
    private const int Window = 64;

    [TestMethod]
    [DataRow("chosen")]
    [DataRow("inner", DisplayName = "An If in a branch before it has the same name")]
    public void A_rank_that_no_size_leads_to_is_left_out(string label)
    {
        // The product takes a matrix, so there is one window.
        OnnxModel model = Squeezed(label).Initializer("w", [4, 3], [.. Enumerable.Range(-5, 12).Select(i => i / 4f)])
            .Node("Gemm d: y w -> z").Gives("z");
        var diagnostics = new DiagnosticList();
        byte[] file = Compiled(model, diagnostics);
        Diagnostic note = diagnostics.Diagnostics.Single(d => d.Descriptor.Code == "MOPT2015");
        StringAssert.Contains(note.Message, "else_branch");
        foreach (int size in (int[])[64, 70, 127])
        {
            Tensor x = TestGraph.RandomTensor(7, 1, 4, size), flag = Flag(true);
            Tensor[] expected = GraphTesting.RunPeer(model.Bytes(), new Dictionary<string, Tensor> { ["x"] = x, ["flag"] = flag });
            GraphTesting.AssertClose(expected, TfliteRunner.Run(file, x, flag));
        }

        // ONNX Runtime takes no two windows either.
        using TfliteModel loaded = TfliteModel.Load(file);
        Assert.ThrowsExactly<ArgumentException>(() => loaded.Begin([1, 4, 128]));
    }

    [TestMethod]
    public void Where_sizes_lead_to_either_rank_the_model_is_refused()
    {
        OnnxModel model = Squeezed("chosen").Node("Relu r: y -> z").Gives("z");
        Diagnostic refusal = Assert.ThrowsExactly<CompilationException>(() => Compiled(model, new DiagnosticList())).Diagnostic;
        Assert.AreEqual("MOPT2014", refusal.Descriptor.Code);
        Assert.AreEqual("chosen", refusal.Layer);
    }

    // y: the windows' maxima [1, 4, N], or [1, 4] where there is one.
    private static OnnxModel Squeezed(string label) => new OnnxModel().Input("x", "1", "4", "T").Input("flag", Bool)
        .Longs("last", [1], 2).Longs("one", [1], 1)
        .Node("If outer: flag -> a", ("else_branch", Branch("r", "Neg n: x -> r")), ("then_branch", new OnnxModel().Node(
            "If inner: flag -> r", ("then_branch", Branch("s", "Tanh t: x -> s")), ("else_branch", Branch("s", "Relu u: x -> s")))
            .Gives("r").Graph))
        .Node("MaxPool p: a -> m", ("kernel_shape", (long[])[Window]), ("strides", (long[])[Window]))
        .Node("Shape s: m -> sizes").Node("Gather g: sizes last -> count").Node("Equal e: count one -> single")
        .Node(
            $"If {label}: single -> y", ("then_branch", Branch("q", "Squeeze k: m last -> q")),
            ("else_branch", Branch("q", "Identity i: m -> q")));

    private static byte[] Compiled(OnnxModel model, IDiagnosticSink diagnostics)
    {
        using var folder = new TempFolder();
        return ModelCompiler.Compile(
            folder.Write("model.onnx", model.Bytes()), new CompileOptions { Quantization = QuantizationMode.None }, diagnostics).Tflite;
    }
}
