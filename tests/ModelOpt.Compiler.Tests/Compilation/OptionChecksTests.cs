using System.Text;
using ModelOpt.Compiler.Compilation;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Tests.Passes.Quantize;

namespace ModelOpt.Compiler.Tests.Compilation;

[TestClass]
public sealed class OptionChecksTests
{
    [TestMethod]
    public void Options_that_do_not_go_together_are_told_with_the_nearest_value_that_does()
    {
        Assert.AreEqual(
            "Clusters 256 does not go together with Quantization Int8: weights in int8 have 255 values; the nearest possible value is 255.",
            Refused(new() { Clusters = 256 }));
        StringAssert.StartsWith(
            Refused(new() { Clusters = 300, Quantization = QuantizationMode.WeightOnlyInt8 }), "Clusters 300 does not go together");
        Assert.AreEqual(
            "Clusters 2 does not go together with Sparsity 0.5: one value is zero, and weights of both signs need two more; "
                + "the nearest possible value is 3.",
            Refused(new() { Clusters = 2, Sparsity = 0.5 }));

        OptionChecks.Check(new() { Clusters = 255 }, null);
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

    private static string Refused(LayerOptions options)
    {
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() => OptionChecks.Check(options, null)).Diagnostic;
        Assert.AreEqual("MOPT6014", diagnostic.Descriptor.Code);
        return diagnostic.Message;
    }
}
