using System.Text.Json;
using Json.Schema;

namespace ModelOpt.Compiler.Tests.Options;

/// <summary>The JSON schema of recipes, by a validator that was not written here.</summary>
[TestClass]
internal sealed class RecipeSchemaTests
{
    private const string File = "docs/recipe.schema.json";

    private static readonly JsonSchema Schema = JsonSchema.FromText(RecipeSchema.Write());

    [TestMethod]
    public void The_schema_in_the_documentation_is_up_to_date() => Snapshot.Equal(File, RecipeSchema.Write());

    [TestMethod]
    public void The_schema_is_one()
    {
        using JsonDocument json = JsonDocument.Parse(RecipeSchema.Write());
        Assert.IsTrue(MetaSchemas.Draft202012.Evaluate(json.RootElement).IsValid);
    }

    [TestMethod]
    public void Every_recipe_that_is_written_or_documented_is_valid()
    {
        var recipe = new Recipe();
        var rule = new LayerRule("conv*");
        foreach (OptionDescription option in OptionCatalog.OfRecipes)
        {
            foreach (string text in option.Values.Choices.Count > 0 ? option.Values.Choices : Examples(option))
            {
                object value = option.Values.Parse(option.Name, text, option.Values.Choices);
                recipe = option.In(recipe, value);
                if (option.IsOfLayers) rule = option.In(rule, value);
                string json = (recipe with { Layers = [rule] }).ToJson();
                Assert.IsTrue(IsValid(json), json);
            }
        }

        string page = System.IO.File.ReadAllText(Path.Combine(Snapshot.Repository, "docs", "recipes.md"));
        foreach (string part in page.Split("```json")[1..])
        {
            string json = part[..part.IndexOf("```", StringComparison.Ordinal)];
            Assert.IsTrue(IsValid(json), json);
        }
    }

    [TestMethod]
    [DataRow("""{ "quantisation": "Int8" }""")]
    [DataRow("""{ "quantization": "int9" }""")]
    [DataRow("""{ "sparsity": 1 }""")]
    [DataRow("""{ "sparsity": -0.1 }""")]
    [DataRow("""{ "sparsity": "0.5" }""")]
    [DataRow("""{ "sparsityPattern": "2/4" }""")]
    [DataRow("""{ "sparsityPattern": "0:4" }""")]
    [DataRow("""{ "learningRate": 0 }""")]
    [DataRow("""{ "clusters": 1 }""")]
    [DataRow("""{ "clusters": 3.5 }""")]
    [DataRow("""{ "seed": -1 }""")]
    [DataRow("""{ "expert": 4 }""")]
    [DataRow("""{ "expert": { "temperature": 0 } }""")]
    [DataRow("""{ "expert": { "sparsity": 0.5 } }""")]
    [DataRow("""{ "expert": { "expert": { } } }""")]
    [DataRow("""{ "layers": [ { "sparsity": 0.5 } ] }""")]
    [DataRow("""{ "layers": [ { "match": "" } ] }""")]
    [DataRow("""{ "layers": [ { "match": "a", "seed": 5 } ] }""")]
    [DataRow("""{ "layers": { "match": "a" } }""")]
    [DataRow("[]")]
    public void What_is_refused_is_not_valid(string json)
    {
        using var folder = new TempFolder();
        string file = folder.Write("recipe.json", System.Text.Encoding.UTF8.GetBytes(json));
        Assert.ThrowsExactly<CompilationException>(() => Recipe.Read(file));
        Assert.IsFalse(IsValid(json));
    }

    private static string[] Examples(OptionDescription option) => option.Values switch
    {
        ShareValue => ["0", "0.5", "0.999"],
        PatternValue => ["Unstructured", "2:4", "255:256", "1x4", "16x1"],
        RateValue => ["0.001", "1"],
        StatesValue => ["h:hn", "h:hn;c:0:cn:0"],
        _ => ["2", "16", "255"],
    };

    private static bool IsValid(string json)
    {
        using JsonDocument document = JsonDocument.Parse(
            json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        return Schema.Evaluate(document.RootElement).IsValid;
    }
}
