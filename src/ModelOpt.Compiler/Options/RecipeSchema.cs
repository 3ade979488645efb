using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ModelOpt.Compiler.Options;

/// <summary>
/// The JSON schema of recipes, <c>docs/recipe.schema.json</c>, for editors. It knows values in their own spelling; <see
/// cref="Recipe.Read"/> checks what compares two numbers (N below M).
/// </summary>
internal static class RecipeSchema
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The schema, indented, ending in a line feed.</summary>
    public static string Write()
    {
        var rule = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = Properties(
                OptionCatalog.OfRecipes.Where(o => o.IsOfLayers),
                ("match", "A layer's name, as modelopt inspect prints it; * stands for any text, ? for any character.",
                    new JsonObject { ["type"] = "string", ["minLength"] = 1 })),
            ["required"] = new JsonArray("match"),
            ["additionalProperties"] = false,
        };
        var expert = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = Properties(OptionCatalog.OfRecipes.Where(o => o.IsExpert)),
            ["additionalProperties"] = false,
        };
        var schema = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "Recipe of ModelOpt.Build",
            ["description"] = "Options of a model, and rules for layers that differ.",
            ["type"] = "object",
            ["properties"] = Properties(
                OptionCatalog.OfRecipes.Where(o => !o.IsExpert),
                ("$schema", "Address of this schema.", new JsonObject { ["type"] = "string" }),
                ("layers", "Rules for layers by name; the last one that matches a layer and has a value holds.",
                    new JsonObject { ["type"] = "array", ["items"] = rule }),
                ("expert", "Options that few models need.", expert)),
            ["additionalProperties"] = false,
        };
        return schema.ToJsonString(Indented) + "\n";
    }

    private static JsonObject Properties(
        IEnumerable<OptionDescription> options, params (string Key, string Description, JsonObject Schema)[] others)
    {
        var properties = new JsonObject();
        foreach ((string key, string description, JsonObject schema) in
            others.Concat(options.Select(o => (o.Key, o.Description, o.Values.Schema()))))
        {
            schema.Insert(0, "description", description);
            properties[key] = schema;
        }

        return properties;
    }
}
