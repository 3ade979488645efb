using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Tests.Techniques.FineTuning;

namespace ModelOpt.Compiler.Tests.Techniques.Sparsity;

[TestClass]
internal sealed class GradualPruningTests
{
    [TestMethod]
    [DataRow(PruningSchedule.Polynomial, null, 0.8)]
    [DataRow(PruningSchedule.Constant, "1x4", 0.75)]
    [DataRow(PruningSchedule.Polynomial, "2:4", 0.5)]
    public void Zeros_come_in_training_and_stay_to_the_file(PruningSchedule schedule, string? pattern, double share)
    {
        using TempFolder folder = new();
        (Graph graph, PassContext context, IReadOnlyList<AppliedPass> passes) =
            FineTuneTesting.Compress(Options(folder, schedule, share, pattern));
        Assert.IsEmpty(((DiagnosticList)context.Diagnostics).Diagnostics.Where(d => d.Descriptor.Code != "MOPT4507"));
        StringAssert.Contains(passes.Single(p => p.Name == "GradualPruning").Notes.Single().Text, "which was kept");
        Value[] sparse = [.. graph.Values.Where(v => v.Constraints?.Mask is not null)];
        Assert.HasCount(1, sparse);
        Assert.AreEqual(share, sparse[0].Constraints!.Mask!.Sparsity, 0.005);
        ConstraintVerifier.Verify(graph, Lowering.Write(graph, default));
    }

    [TestMethod]
    public void It_ends_nearer_to_the_float_model_than_zeros_all_at_once()
    {
        using TempFolder folder = new();
        CompileOptions options = Options(folder, PruningSchedule.Polynomial, 0.8, null);
        (Graph gradual, PassContext context, _) = FineTuneTesting.Compress(options);
        (Graph once, _, _) = FineTuneTesting.Compress(options with { PruningSchedule = null, Epochs = 20 });
        Assert.IsLessThan(FineTuneTesting.Error(once, context), FineTuneTesting.Error(gradual, context));
    }

    [TestMethod]
    public void A_model_that_cannot_be_trained_becomes_sparse_all_the_same()
    {
        using TempFolder folder = new();
        (Graph graph, _, _) = FineTuneTesting.Compress(Options(folder, PruningSchedule.Polynomial, 0.8, null), batch: 1);
        Assert.AreEqual(0.8, graph.Values.Single(v => v.Constraints?.Mask is not null).Constraints!.Mask!.Sparsity, 0.005);
    }

    [TestMethod]
    public void What_cannot_be_is_refused_before_training()
    {
        using TempFolder folder = new();
        Assert.AreEqual("MOPT4101", Code(Options(folder, PruningSchedule.Constant, 0.99999, null)));
        Assert.AreEqual("MOPT4106", Code(Options(folder, PruningSchedule.Constant, 0.5, null) with { PruningEnd = 100_000 }));

        static string Code(CompileOptions options) =>
            Assert.ThrowsExactly<CompilationException>(() => FineTuneTesting.Compress(options)).Diagnostic.Descriptor.Code;
    }

    private static CompileOptions Options(TempFolder folder, PruningSchedule schedule, double share, string? pattern) =>
        FineTuneTesting.Options(folder) with
        {
            FineTune = FineTuneMode.Distill, PruningSchedule = schedule, PruningFrequency = 4, Sparsity = share,
            SparsityPattern = pattern is null ? null : SparsityPattern.TryParse(pattern),
        };
}
