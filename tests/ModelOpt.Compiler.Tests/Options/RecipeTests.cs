using System.Text;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Options;

[TestClass]
internal sealed class RecipeTests
{
    [TestMethod]
    public void What_is_written_is_read_again()
    {
        Recipe recipe = new()
        {
            Quantization = QuantizationMode.WeightOnlyInt8,
            CalibrationMethod = CalibrationMethod.MovingAverage,
            Sparsity = 0.123456789,
            SparsityPattern = SparsityPattern.TryParse("1x4"),
            Clusters = 16,
            Layers = [new LayerRule("conv*", QuantizationMode.Float16), new LayerRule("last \"é\"") { Sparsity = 0, Decomposition = 0.5 }],
        };
        Recipe read = Read(recipe.ToJson());
        Assert.AreEqual(recipe.ToJson(), read.ToJson());
        Assert.AreEqual(recipe, read with { Layers = recipe.Layers });
        CollectionAssert.AreEqual(recipe.Layers.ToArray(), read.Layers.ToArray());
    }

    [TestMethod]
    public void Comments_trailing_commas_and_the_command_lines_spelling_are_taken()
    {
        Recipe recipe = Read("""
            // All of it
            { "quantization": "weight-only-int8", /* but */ "Layers": [ { "match": "a", "quantization": "none" }, ], }
            """);
        Assert.AreEqual(QuantizationMode.WeightOnlyInt8, recipe.Quantization);
        Assert.AreEqual(new LayerRule("a", QuantizationMode.None), recipe.Layers.Single());
    }

    [TestMethod]
    [DataRow("""{ "quantisation": "Int8" }""", "line 1: ", "quantisation")]
    [DataRow("{\n\"layers\": [ { \"match\": \"a\", \"bits\": 4 } ] }", "line 2: ", "bits")]
    [DataRow("""{ "quantization": "int9" }""", "line 1: ",
        "'int9' is not one of Int8, Float16, WeightOnlyInt8, None. Did you mean 'Int8'?")]
    [DataRow("""{ "quantization": 0 }""", "line 1: ", "Float16")]
    [DataRow("""{ "calibrationMethod": "psychic" }""", "line 1: ", "Entropy")]
    [DataRow("""{ "layers": [ { "quantization": "None" } ] }""", "", "every layer rule needs a 'match'")]
    [DataRow("""{ "layers": [ { "match": "", "quantization": "None" } ] }""", "", "every layer rule needs a 'match'")]
    [DataRow("""{ "layers": [ null ] }""", "", "every layer rule needs a 'match'")]
    [DataRow("""{ "layers": null }""", "line 1: ", "layers: not a list of rules")]
    [DataRow("""{ "layers": [ { "match": 3 } ] }""", "line 1: ", "match: not a string")]
    [DataRow("{\n\"sparsity\": 1.2 }", "line 2: ", "sparsity: '1.2' is not a share from 0 to below 1; the nearest possible value is 0.99.")]
    [DataRow("{\n\"layers\": [\n{ \"match\": \"a\", \"sparsity\": 80 } ] }", "line 3: ", "Did you mean 0.8?")]
    [DataRow("""{ "sparsity": "0.5" }""", "line 1: ", "sparsity: not a number, without quotes; possible is a share from 0 to below 1.")]
    [DataRow("""{ "sparsity": null }""", "line 1: ", "sparsity: not a number")]
    [DataRow("""{ "sparsity": { "conv": 1 } }""", "line 1: ", "sparsity: not a number")]
    [DataRow("""{ "sparsityPattern": "4:2" }""", "line 1: ", "the nearest possible value is 2:4.")]
    [DataRow("""{ "sparsityPattern": 2 }""", "line 1: ",
        "sparsityPattern: not a string, in quotes; possible is one of Unstructured, N:M (such as 2:4)")]
    [DataRow("""{ "clusters": 1 }""", "line 1: ", "the nearest possible value is 2.")]
    [DataRow("""{ "clusters": 16.5 }""", "line 1: ", "the nearest possible value is 16.")]
    [DataRow("""{ "channelMultiple": 0 }""", "line 1: ", "the nearest possible value is 1.")]
    [DataRow("""{ "expert": { "channelMultiple": 0 } }""", "line 1: ", "the nearest possible value is 1.")]
    [DataRow("""{ "expert": { "sparsity": 0.5 } }""", "line 1: ", "the key 'sparsity' is not known. It stands beside 'expert', not in it.")]
    [DataRow("""{ "expert": [ ] }""", "line 1: ", "expert: not an object")]
    [DataRow("""{ "layers": [ { "match": "a", "temperature": 5 } ] }""", "line 1: ", "It is an option of the model, not of single layers.")]
    [DataRow("""{ "sparsityy": 0.5 }""", "line 1: ", "the key 'sparsityy' is not known. Did you mean 'sparsity'?")]
    [DataRow("""{ "layers": [ { "match": "a", "seed": 5 } ] }""", "line 1: ", "It is an option of the model, not of single layers.")]
    [DataRow("""{ "layers": [ { "match": "a", "$schema": "x" } ] }""", "line 1: ", "the key '$schema' is not known")]
    [DataRow("""{ "quantization": "\ud800" }""", "line 1: ", "not UTF-8 text")]
    [DataRow("{ } { }", "line 1: ", "")]
    [DataRow("""{ "quantization": "Int8", "quantization": "None" }""", "line 1: ", "quantization")]
    [DataRow("null", "", "the file holds null")]
    [DataRow("", "line 1: ", "")]
    [DataRow("[]", "line 1: ", "")]
    [DataRow("{ \"layers\": [", "line 1: ", "")]
    public void What_is_not_a_recipe_is_told(string json, string line, string cause)
    {
        Diagnostic diagnostic = Refused(json);
        Assert.AreEqual("MOPT4002", diagnostic.Descriptor.Code);
        StringAssert.StartsWith(diagnostic.Message, $"the recipe is not valid: {line}");
        StringAssert.Contains(diagnostic.Message, cause);
        Assert.IsFalse(diagnostic.Message.Contains("Number:", StringComparison.Ordinal), diagnostic.Message);
        Assert.IsTrue(diagnostic.Message[^1] is '.' or '?' && diagnostic.Message[^2] is not ('.' or '?'), diagnostic.Message);
        Assert.EndsWith("recipe.json", diagnostic.File);
    }

    [TestMethod]
    public void Options_for_experts_have_a_section_and_are_read_beside_it_too()
    {
        Recipe expected = new() { Temperature = 3, Optimizer = OptimizerKind.Sgd };
        StringAssert.Contains(expected.ToJson(), "\"expert\": {\n    \"optimizer\": \"Sgd\",\n    \"temperature\": 3\n  }");
        Assert.AreEqual(expected.ToJson(), Read("""{ "expert": { "temperature": 3 }, "optimizer": "Sgd" }""").ToJson());
    }

    [TestMethod]
    public void A_schema_and_a_byte_order_mark_are_taken()
    {
        Recipe recipe = Read("\uFEFF{ \"$schema\": \"./recipe.schema.json\", \"clusters\": 8 }");
        Assert.AreEqual(new Recipe { Clusters = 8 }, recipe with { Layers = new Recipe().Layers });
    }

    [TestMethod]
    public void A_file_that_is_not_there_is_told()
    {
        using var folder = new TempFolder();
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() => Recipe.Read(folder["none.json"])).Diagnostic;
        Assert.AreEqual(("MOPT4001", folder["none.json"]), (diagnostic.Descriptor.Code, diagnostic.File));
    }

    [TestMethod]
    [DataRow("conv1", QuantizationMode.Float16)]
    [DataRow("conv2", QuantizationMode.None)]
    [DataRow("conv22", QuantizationMode.Float16)]
    [DataRow("Conv1", QuantizationMode.WeightOnlyInt8)]
    [DataRow("""a\b""", QuantizationMode.None)]
    [DataRow("star*", QuantizationMode.None)]
    [DataRow("stars", QuantizationMode.WeightOnlyInt8)]
    public void The_last_rule_that_matches_holds_then_the_recipe_then_the_options(string layer, QuantizationMode mode)
    {
        Recipe recipe = new()
        {
            Quantization = QuantizationMode.WeightOnlyInt8,
            Layers =
            [
                new("conv*", QuantizationMode.Float16), new("conv2", QuantizationMode.None), new("conv?"),
                new("""a\b""", QuantizationMode.None), new("""star\*""", QuantizationMode.None),
            ],
        };
        Assert.AreEqual(mode, recipe.OptionsOf(layer, new CompileOptions()).Quantization);
        Assert.AreEqual(QuantizationMode.Int8,
            new Recipe().OptionsOf(layer, new CompileOptions { Quantization = QuantizationMode.Int8 }).Quantization);
    }

    [TestMethod]
    public void A_pattern_that_matches_no_layer_ends_the_compilation()
    {
        using var folder = new TempFolder();
        string layer = QuantizeTesting.Sample().Nodes[0].Label;
        string recipe = Write(folder, $$"""{ "layers": [ { "match": "*" }, { "match": "{{layer}}x", "quantization": "None" } ] }""");
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() => Compile(recipe)).Diagnostic;
        Assert.AreEqual(("MOPT4003", recipe), (diagnostic.Descriptor.Code, diagnostic.File));
        Assert.AreEqual($"no layer matches '{layer}x'. The nearest name is '{layer}'.", diagnostic.Message);

        recipe = Write(folder, """{ "layers": [ { "match": "nothing at all like it" } ] }""");
        diagnostic = Assert.ThrowsExactly<CompilationException>(() => Compile(recipe)).Diagnostic;
        Assert.AreEqual("no layer matches 'nothing at all like it'.", diagnostic.Message);
    }

    [TestMethod]
    public void An_excluded_layer_stays_in_float_in_the_artifacts()
    {
        using var folder = new TempFolder();
        Node excluded = QuantizeTesting.Sample().Nodes.Where(n => n.Type == "Conv").ElementAt(3);
        CompiledModel all = Compile(null);
        CompiledModel model = Compile(Write(folder, $$"""{ "layers": [ { "match": "{{excluded.Label}}", "quantization": "None" } ] }"""));
        Graph graph = OnnxReader.Read(model.Onnx);
        Node layer = graph.Nodes.Single(n => n.Name == excluded.Name);
        Assert.IsNull(layer.Input(1).Quantization);
        CollectionAssert.AreEqual(
            excluded.Input(1).Constant!.Dims.ToArray(), layer.Input(1).Constant!.Dims.ToArray());
        Assert.IsTrue(graph.Nodes.Where(n => n.Type == "Conv" && n != layer)
            .All(n => n.Input(1).Quantization is { Type: ElementType.Int8 }));
        Assert.AreEqual("the recipe says so", model.Report.Layers.Single(l => l.Name == excluded.Label).Reason);
        Assert.IsGreaterThan(all.Tflite.Length, model.Tflite.Length);
    }

    [TestMethod]
    public void A_recipes_quantization_wins_over_the_options()
    {
        using var folder = new TempFolder();
        CompiledModel none = Compile(Write(folder, """{ "quantization": "None" }"""));
        Assert.IsTrue(OnnxReader.Read(none.Onnx).Values.All(v => v.Quantization is null));
    }

    [TestMethod]
    public void The_documented_recipe_works()
    {
        using var folder = new TempFolder();
        string page = File.ReadAllText(Path.Combine(Snapshot.Repository, "docs", "recipes.md"));
        int start = page.IndexOf("```json", StringComparison.Ordinal) + 7;
        CompiledModel model = Compile(Write(folder, page[start..page.IndexOf("```", start, StringComparison.Ordinal)]));
        Graph graph = OnnxReader.Read(model.Onnx);
        string[] weightOnly = [.. graph.Nodes
            .Where(n => n.Type == "Conv" && n.Input(1).Quantization is not null && n.Input(2).Quantization is null)
            .Select(n => n.Name)];
        CollectionAssert.AreEqual(Enumerable.Range(1, 5).Select(i => $"/f/f.{i}/b/b.2/b.2.0/Conv").ToArray(), weightOnly);
        Assert.IsNull(graph.Nodes.Single(n => n.Name == "/f/f.0/f.0.0/Conv").Input(1).Quantization);
        foreach (Tensor image in QuantizeTesting.Images(4))
        {
            Tensor[] expected = GraphTesting.RunPeer(model.Onnx, new Dictionary<string, Tensor> { ["image"] = image });
            Assert.IsGreaterThan(25, QuantizeTesting.Sqnr(expected[0], TfliteRunner.Run(model.Tflite, image)[0]));
        }
    }

    private static CompiledModel Compile(string? recipe) => ModelCompiler.Compile(
        QuantizeTesting.SampleModel, QuantizeTesting.SampleOptions with { Recipe = recipe }, new DiagnosticList());

    private static Recipe Read(string json)
    {
        using var folder = new TempFolder();
        return Recipe.Read(Write(folder, json));
    }

    private static Diagnostic Refused(string json) =>
        Assert.ThrowsExactly<CompilationException>(() => Read(json)).Diagnostic;

    private static string Write(TempFolder folder, string json) => folder.Write("recipe.json", Encoding.UTF8.GetBytes(json));
}
