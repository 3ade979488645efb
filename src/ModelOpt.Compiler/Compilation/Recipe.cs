using System.IO.Enumeration;
using System.Text.Json;
using System.Text.Json.Serialization;
using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Compiler.Compilation;

/// <summary>What is done to the layers of a model: the options, and where single layers differ from them.</summary>
public sealed record Recipe : ModelOptions
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        PropertyNameCaseInsensitive = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        AllowDuplicateProperties = false,
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        MaxDepth = 8,
        Converters = { new ChoiceConverter<QuantizationMode>(), new ChoiceConverter<CalibrationMethod>(),
            new ChoiceConverter<ClusterScope>(), new ChoiceConverter<SparsityDistribution>(), new ChoiceConverter<PruningCriterion>(),
            new ChoiceConverter<ClusterInitialization>(), new ChoiceConverter<ChannelPruningTarget>(), new ChoiceConverter<ChannelScore>(),
            new ChoiceConverter<RankSelection>(), new PatternConverter() },
    };

    /// <summary>Rules for layers by name; the last one that matches a layer holds.</summary>
    public IReadOnlyList<LayerRule> Layers { get; init; } = [];

    /// <summary>Reads a recipe file.</summary>
    /// <param name="file">The JSON file.</param>
    /// <exception cref="CompilationException">The file cannot be read or is not a recipe.</exception>
    public static Recipe Read(string file)
    {
        try
        {
            using FileStream stream = File.OpenRead(file);
            Recipe recipe = JsonSerializer.Deserialize<Recipe>(stream, Json)
                ?? throw new JsonException("the file holds null");
            if (recipe.Layers is null || recipe.Layers.Any(r => r?.Match is null or ""))
                throw new JsonException("every layer rule needs a 'match'");
            return recipe;
        }
        catch (JsonException e)
        {
            throw new CompilationException(RecipeDiagnostics.Invalid.At(file, null, Reason(e)), e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CompilationException(RecipeDiagnostics.Unreadable.At(file, null, e.Message), e);
        }
    }

    /// <summary>The recipe as JSON, as <c>modelopt inspect</c> prints it and as <see cref="Read"/> takes it.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>What is done to one layer: the last rule that matches it and has a value, then the recipe, then the options.</summary>
    /// <param name="layer">The layer's name.</param>
    /// <param name="options">The item's or the command line's options.</param>
    public LayerOptions OptionsOf(string layer, ModelOptions options) =>
        Layers.Reverse().Where(r => r.Matches(layer)).Append<LayerOptions>(this).Append(options).Aggregate((a, b) => a.Over(b));

    /// <summary>Checks that every rule speaks of some layer.</summary>
    /// <param name="file">The recipe's file, for the message.</param>
    /// <param name="layers">The names of the model's layers.</param>
    /// <exception cref="CompilationException">A rule matches no layer.</exception>
    internal void CheckMatches(string? file, IReadOnlyList<string> layers)
    {
        foreach (LayerRule rule in Layers.Where(r => !layers.Any(r.Matches)))
        {
            string hint = OptionParsing.Nearest(rule.Match, layers) is { } nearest ? $" The nearest name is '{nearest}'." : "";
            throw new CompilationException(RecipeDiagnostics.NothingMatches.At(file, null, rule.Match, hint));
        }
    }

    /// <summary>The message without what .NET appends to it, and with a line number as editors count.</summary>
    private static string Reason(JsonException e)
    {
        int end = e.Message.IndexOf(" Path: ", StringComparison.Ordinal);
        string message = (end < 0 ? e.Message : e.Message[..end]).TrimEnd('.');
        return e.LineNumber is { } line ? $"line {line + 1}: {message}" : message;
    }

    /// <summary>Takes an enumeration's names as item metadata and the command line do.</summary>
    private sealed class ChoiceConverter<T> : JsonConverter<T> where T : struct, Enum
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType != JsonTokenType.String)
                throw new JsonException($"a {typeof(T).Name} is one of \"{string.Join("\", \"", Enum.GetNames<T>())}\"");
            try
            {
                return OptionParsing.Choice<T>(typeof(T).Name, reader.GetString()!);
            }
            catch (CompilationException e)
            {
                throw new JsonException(e.Diagnostic.Message, e);
            }
        }

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }

    /// <summary>Takes a pattern of zeros as item metadata and the command line do.</summary>
    private sealed class PatternConverter : JsonConverter<SparsityPattern>
    {
        public override SparsityPattern Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            string text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : "";
            return SparsityPattern.TryParse(text)
                ?? throw new JsonException("a sparsity pattern is \"Unstructured\", \"N:M\" such as \"2:4\", or \"RxC\" such as \"1x4\"");
        }

        public override void Write(Utf8JsonWriter writer, SparsityPattern value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}

/// <summary>What differs for the layers whose names match a pattern.</summary>
public sealed record LayerRule : LayerOptions
{
    /// <summary>A rule.</summary>
    /// <param name="match">A layer's name; <c>*</c> stands for any text, <c>?</c> for any character, <c>\*</c> for itself.</param>
    /// <param name="quantization">How the layers' numbers are stored.</param>
    public LayerRule(string match, QuantizationMode? quantization = null)
    {
        Match = match;
        Quantization = quantization;
    }

    /// <summary>The pattern of names.</summary>
    public string Match { get; }

    /// <summary>Whether a layer is meant.</summary>
    /// <param name="layer">The layer's name.</param>
    public bool Matches(string layer) =>
        Match == layer || FileSystemName.MatchesSimpleExpression(Match, layer, ignoreCase: false);
}
