using System.Text;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Tests.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Compile;

[TestClass]
internal sealed class OptionChecksTests
{
    [TestMethod]
    public void Options_that_do_not_go_together_are_told_with_the_nearest_value_that_does()
    {
        Assert.AreEqual(
            "Clusters 257 does not go together with Quantization Int8: int8 has 256 values; the nearest possible value is 256.",
            Refused(new() { Clusters = 257 }));
        StringAssert.StartsWith(
            Refused(new() { Clusters = 300, Quantization = QuantizationMode.WeightOnlyInt8 }), "Clusters 300 does not go together");
        Assert.AreEqual(
            "Clusters 2 does not go together with Sparsity 0.5: one value is zero, and weights of both signs need two more; "
                + "the nearest possible value is 3.",
            Refused(new() { Clusters = 2, Sparsity = 0.5 }));

        StringAssert.StartsWith(
            Refused(new() { Clusters = 2, SparsityPattern = new(SparsityKind.NM, 2, 4) }),
            "Clusters 2 does not go together with SparsityPattern 2:4:");

        OptionChecks.Check(new() { Clusters = 256 }, null);
        OptionChecks.Check(new() { Clusters = 2, Sparsity = 0, SparsityPattern = new(SparsityKind.NM, 2, 4) }, null);
        OptionChecks.Check(new() { Clusters = 300, Quantization = QuantizationMode.Float16 }, null);
        OptionChecks.Check(new() { Clusters = 2, Sparsity = 0 }, null);
        OptionChecks.Check(new() { Clusters = 3, Sparsity = 0.5 }, null);
    }

    [TestMethod]
    public void Rules_of_a_recipe_are_checked_layer_by_layer_with_what_else_holds_there()
    {
        using var folder = new TempFolder();
        string layer = QuantizeTesting.Sample().Nodes.First(n => n.Type == "Conv").Label;
        string recipe = folder.Write("recipe.json", Encoding.UTF8.GetBytes(
            $$"""{ "clusters": 8, "layers": [ { "match": "*", "sparsity": 0.5 }, { "match": "{{layer}}", "clusters": 2 } ] }"""));
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() => ModelCompiler.Compile(
            QuantizeTesting.SampleModel, QuantizeTesting.SampleOptions with { Recipe = recipe }, new DiagnosticList())).Diagnostic;
        Assert.AreEqual(("MOPT6014", layer), (diagnostic.Descriptor.Code, diagnostic.Layer));
    }

    [TestMethod]
    public void What_has_no_effect_is_told_once_and_what_has_is_not()
    {
        AssertNoEffect(new() { ClusterScope = ClusterScope.Channel }, "ClusterScope 'Channel' has no effect, as Clusters is not set.");
        AssertNoEffect(new() { ClusterInitialization = ClusterInitialization.Random },
            "ClusterInitialization 'Random' has no effect, as Clusters is not set.");
        AssertNoEffect(new() { SparsityDistribution = SparsityDistribution.Global },
            "SparsityDistribution 'Global' has no effect, as Sparsity is not set.");
        AssertNoEffect(new() { PruningCriterion = PruningCriterion.Magnitude },
            "PruningCriterion 'Magnitude' has no effect, as Sparsity is not set.");
        AssertNoEffect(new() { FineTune = FineTuneMode.Distill, PruningSchedule = PruningSchedule.Polynomial },
            "PruningSchedule 'Polynomial' has no effect, as Sparsity is not set.");
        AssertNoEffect(new() { FineTune = FineTuneMode.Distill, Sparsity = 0.5, PruningEpochs = 3 },
            "PruningEpochs '3' has no effect, as PruningSchedule is not set.");
        AssertNoEffect(new() { FineTune = FineTuneMode.Distill, Augmentation = Augmentation.Flip, AugmentationShift = 0.1 },
            "AugmentationShift '0.1' has no effect, as Augmentation Crop is not set.");
        AssertNoEffect(new() { ChannelPruningTarget = ChannelPruningTarget.Bytes },
            "ChannelPruningTarget 'Bytes' has no effect, as ChannelPruning is not set.");
        AssertNoEffect(new() { ChannelScore = ChannelScore.L1 }, "ChannelScore 'L1' has no effect, as ChannelPruning is not set.");
        AssertNoEffect(new() { ChannelMultiple = 4 }, "ChannelMultiple '4' has no effect, as ChannelPruning is not set.");
        AssertNoEffect(new() { RankSelection = RankSelection.Budget },
            "RankSelection 'Budget' has no effect, as Decomposition is not set.");

        AssertNoEffect(new() { Epochs = 3 }, "Epochs '3' has no effect, as FineTune is not set.");

        AssertNoEffect(new() { CalibrationMethod = CalibrationMethod.Mse, Seed = 3, Quantization = QuantizationMode.None });
        AssertNoEffect(new() { Clusters = 8, ClusterScope = ClusterScope.Channel, ClusterInitialization = ClusterInitialization.Random });
        AssertNoEffect(new() { SparsityPattern = new(SparsityKind.NM, 2, 4), PruningCriterion = PruningCriterion.Magnitude });
        AssertNoEffect(new() { RankSelection = RankSelection.Evbmf });
        AssertNoEffect(new() { Layers = [new LayerRule("a") { Clusters = 8 }], ClusterScope = ClusterScope.Channel });

        static void AssertNoEffect(Recipe recipe, params string[] expected)
        {
            var list = new DiagnosticList();
            OptionChecks.CheckModel(new PassContext(new CompileOptions(), recipe, list));
            CollectionAssert.AreEqual(expected, list.Diagnostics.Select(d => d.Message).ToArray());
            Assert.IsTrue(list.Diagnostics.All(d => d.Descriptor.Code == "MOPT6015"));
        }
    }

    [TestMethod]
    [DataRow("Unstructured")]
    [DataRow("1x4")]
    public void A_pattern_that_does_not_say_how_many_zeros_needs_a_sparsity(string pattern)
    {
        Recipe recipe = new() { SparsityPattern = SparsityPattern.TryParse(pattern) };
        Assert.AreEqual("MOPT4103", CodeOf(recipe));
        OptionChecks.CheckModel(new PassContext(new CompileOptions { Sparsity = 0.5 }, recipe, new DiagnosticList()));
        // In rules alone, either may stand.
        OptionChecks.CheckModel(new PassContext(
            new CompileOptions(), recipe with { Layers = [new("a") { Sparsity = 0.5 }] }, new DiagnosticList()));
    }

    [TestMethod]
    public void Rules_are_told_what_has_no_effect_in_any_of_their_layers()
    {
        Graph graph = QuantizeTesting.Sample();
        string layer = graph.Nodes.First(n => n.Type == "Conv").Label;
        var list = new DiagnosticList();
        Recipe recipe = new() { Layers = [new(layer) { ClusterScope = ClusterScope.Channel }] };
        OptionChecks.CheckLayers(graph, new PassContext(new CompileOptions(), recipe, list));
        Diagnostic diagnostic = list.Diagnostics.Single();
        Assert.AreEqual(("MOPT6015", layer), (diagnostic.Descriptor.Code, diagnostic.Layer));

        OptionChecks.CheckLayers(graph, new PassContext(new CompileOptions { Clusters = 8 }, recipe, list));
        Assert.AreEqual(1, list.Diagnostics.Count);
        Recipe pattern = new() { Layers = [new(layer) { SparsityPattern = SparsityPattern.Unstructured }] };
        Diagnostic refused = Assert.ThrowsExactly<CompilationException>(
            () => OptionChecks.CheckLayers(graph, new PassContext(new CompileOptions(), pattern, list))).Diagnostic;
        Assert.AreEqual(("MOPT4103", layer), (refused.Descriptor.Code, refused.Layer));
    }

    [TestMethod]
    public void Values_that_no_option_can_have_are_refused_also_from_code()
    {
        Assert.AreEqual("MOPT6013", CodeOf(new() { Sparsity = 1 }));
        Assert.AreEqual("MOPT6013", CodeOf(new() { Sparsity = -0.1 }));
        Assert.AreEqual("MOPT6002", CodeOf(new() { ChannelPruning = double.NaN }));
        Assert.AreEqual("MOPT6013", CodeOf(new() { Clusters = 1 }));
        Assert.AreEqual("MOPT6013", CodeOf(new() { ChannelMultiple = 0 }));
        Assert.AreEqual("MOPT6013", CodeOf(new() { SparsityPattern = new(SparsityKind.NM, 4, 2) }));
        Assert.AreEqual("MOPT6001", CodeOf(new() { Quantization = (QuantizationMode)77 }));
        Assert.AreEqual("MOPT6013", CodeOf(new() { Layers = [new("*") { Clusters = 1 }] }));
    }

    private static string CodeOf(Recipe recipe) => Assert.ThrowsExactly<CompilationException>(
        () => OptionChecks.CheckModel(new PassContext(new CompileOptions(), recipe, new DiagnosticList()))).Diagnostic.Descriptor.Code;

    private static string Refused(LayerOptions options)
    {
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() => OptionChecks.Check(options, null)).Diagnostic;
        Assert.AreEqual("MOPT6014", diagnostic.Descriptor.Code);
        return diagnostic.Message;
    }
}
