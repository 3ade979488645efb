using System.Text;
using System.Text.Json;
using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Compiler.Options;

/// <summary>Reads and writes recipes as JSON, with the keys of <see cref="OptionCatalog"/>.</summary>
internal static class RecipeJson
{
    private const string Schema = "$schema", LayersKey = "layers", MatchKey = "match", ExpertKey = "expert";
    private static readonly string[] ExpertKeys = [.. OptionCatalog.OfRecipes.Where(o => o.IsExpert).Select(o => o.Key)];
    private static readonly string[] LayerKeys = [MatchKey, .. OptionCatalog.OfRecipes.Where(o => o.IsOfLayers).Select(o => o.Key)];

    // Recipes of earlier versions have the options for experts beside the others.
    private static readonly string[] ModelKeys = [.. OptionCatalog.OfRecipes.Select(o => o.Key), ExpertKey, LayersKey];

    /// <summary>Reads a recipe.</summary>
    /// <param name="json">UTF-8, perhaps with a byte order mark; comments and trailing commas are allowed.</param>
    /// <exception cref="JsonException">It is none; the message says why, with <see cref="JsonException.LineNumber"/>.</exception>
    public static Recipe Read(ReadOnlySpan<byte> json)
    {
        if (json.StartsWith("\uFEFF"u8)) json = json[3..];
        var cursor = new Cursor(json);
        cursor.Next();
        if (cursor.Type == JsonTokenType.Null) throw cursor.Error("the file holds null");
        if (cursor.Type != JsonTokenType.StartObject) throw cursor.Error("a recipe is an object: { … }");
        Recipe recipe = ReadObject(ref cursor, new Recipe(), ModelKeys, OtherKey);
        if (cursor.Next()) throw cursor.Error("something follows the recipe");
        return recipe;

        static Recipe OtherKey(ref Cursor cursor, Recipe recipe, string key)
        {
            if (key == Schema) return recipe;
            if (key == ExpertKey)
            {
                if (cursor.Type != JsonTokenType.StartObject) throw cursor.Error($"{ExpertKey}: not an object: {{ … }}");
                return ReadObject(ref cursor, recipe, ExpertKeys, OtherKey);
            }

            if (cursor.Type != JsonTokenType.StartArray) throw cursor.Error($"{LayersKey}: not a list of rules: [ … ]");
            return recipe with { Layers = ReadRules(ref cursor) };
        }
    }

    /// <summary>Writes a recipe, indented, as <see cref="Read"/> takes it.</summary>
    public static string Write(Recipe recipe)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions
        {
            Indented = true,
            NewLine = "\n",
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }))
        {
            json.WriteStartObject();
            WriteOptions(json, OptionCatalog.OfRecipes.Where(o => !o.IsExpert), recipe);
            if (OptionCatalog.OfRecipes.Any(o => o.IsExpert && o.Of(recipe) is not null))
            {
                json.WriteStartObject(ExpertKey);
                WriteOptions(json, OptionCatalog.OfRecipes.Where(o => o.IsExpert), recipe);
                json.WriteEndObject();
            }

            json.WriteStartArray(LayersKey);
            foreach (LayerRule rule in recipe.Layers)
            {
                json.WriteStartObject();
                json.WriteString(MatchKey, rule.Match);
                WriteOptions(json, OptionCatalog.OfRecipes.Where(o => o.IsOfLayers), rule);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>Writes the options that have a value, as keys of an object.</summary>
    public static void WriteOptions(Utf8JsonWriter json, IEnumerable<OptionDescription> options, LayerOptions values)
    {
        foreach (OptionDescription option in options)
        {
            if (option.Of(values) is not { } value) continue;
            json.WritePropertyName(option.Key);
            if (option.Values.IsNumber) json.WriteRawValue(option.Values.Format(value));
            else json.WriteStringValue(option.Values.Format(value));
        }
    }

    private delegate T KeyReader<T>(ref Cursor cursor, T options, string key);

    private static List<LayerRule> ReadRules(ref Cursor cursor)
    {
        var rules = new List<LayerRule>();
        while (cursor.Next() && cursor.Type != JsonTokenType.EndArray)
        {
            if (cursor.Type != JsonTokenType.StartObject) throw cursor.Error($"every layer rule needs a '{MatchKey}'");
            LayerRule rule = ReadObject(ref cursor, new LayerRule(""), LayerKeys, static (ref Cursor c, LayerRule r, string key) =>
                c.Type == JsonTokenType.String ? r with { Match = c.Text } : throw c.Error($"{key}: not a string"));
            rules.Add(rule.Match.Length > 0 ? rule : throw cursor.Error($"every layer rule needs a '{MatchKey}'"));
        }

        return rules;
    }

    /// <summary>Reads the keys of an object up to its end.</summary>
    private static T ReadObject<T>(ref Cursor cursor, T options, string[] keys, KeyReader<T> other) where T : LayerOptions
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        while (cursor.Next() && cursor.Type != JsonTokenType.EndObject)
        {
            string given = cursor.Text;
            string key = Array.Find(keys, k => k.Equals(given, StringComparison.OrdinalIgnoreCase))
                ?? (given == Schema && keys == ModelKeys ? Schema : throw Unknown(cursor, given, keys));
            if (!seen.Add(key)) throw cursor.Error($"the key '{given}' stands there twice");
            cursor.Next();
            OptionDescription? option = OptionCatalog.OfRecipes.FirstOrDefault(o => o.Key == key);
            options = option is null ? other(ref cursor, options, key) : option.In(options, Value(cursor, option));
        }

        return options;
    }

    private static object Value(in Cursor cursor, OptionDescription option)
    {
        if (cursor.Type != (option.Values.IsNumber ? JsonTokenType.Number : JsonTokenType.String))
        {
            string kind = option.Values.IsNumber ? "a number, without quotes" : "a string, in quotes";
            throw cursor.Error($"{option.Key}: not {kind}; possible is {option.Values.Possible}");
        }

        try
        {
            return option.Values.Parse(option.Key, cursor.Text, option.Values.Choices);
        }
        catch (CompilationException e)
        {
            throw cursor.Error(e.Diagnostic.Message);
        }
    }

    private static JsonException Unknown(in Cursor cursor, string key, string[] keys)
    {
        string hint = OptionParsing.Nearest(key, keys) is { } nearest ? $" Did you mean '{nearest}'?"
            : keys == LayerKeys && ModelKeys.Contains(key) ? " It is an option of the model, not of single layers."
            : keys == ExpertKeys && ModelKeys.Contains(key) ? $" It stands beside '{ExpertKey}', not in it."
            : "";
        return cursor.Error($"the key '{key}' is not known.{hint}");
    }

    /// <summary>Goes from token to token and knows the line.</summary>
    private ref struct Cursor(ReadOnlySpan<byte> json)
    {
        private readonly ReadOnlySpan<byte> _json = json;

        private Utf8JsonReader _reader = new(
            json, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 8 });

        public readonly JsonTokenType Type => _reader.TokenType;

        /// <summary>A string or a key without escapes, or a number as it is written.</summary>
        public readonly string Text
        {
            get
            {
                try
                {
                    return Type == JsonTokenType.Number ? Encoding.UTF8.GetString(_reader.ValueSpan) : _reader.GetString()!;
                }
                catch (InvalidOperationException)
                {
                    throw Error("not UTF-8 text");
                }
            }
        }

        public bool Next() => _reader.Read();

        public readonly JsonException Error(string message) =>
            new(message, null, _json[..(int)_reader.TokenStartIndex].Count((byte)'\n'), null);
    }
}
