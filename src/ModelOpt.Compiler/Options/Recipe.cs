using System.IO.Enumeration;
using System.Text.Json;
using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Compiler.Options;

/// <summary>Options of a model, and rules for layers that differ.</summary>
internal sealed record Recipe : ModelOptions
{
    /// <summary>Rules for layers by name; the last one that matches a layer holds.</summary>
    public IReadOnlyList<LayerRule> Layers { get; init; } = [];

    /// <summary>Reads a recipe file.</summary>
    /// <exception cref="CompilationException">The file cannot be read or is not a recipe.</exception>
    public static Recipe Read(string file)
    {
        try
        {
            return RecipeJson.Read(InputFile.ReadAllBytes(file));
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
    public string ToJson() => RecipeJson.Write(this);

    /// <summary>
    /// The options of one layer: from the last rule that matches it and has a value, then the recipe, then the model's options.
    /// </summary>
    /// <param name="options">The item's or the command line's options.</param>
    public LayerOptions OptionsOf(string layer, ModelOptions options) =>
        Layers.Reverse().Where(r => r.Matches(layer)).Append<LayerOptions>(this).Append(options).Aggregate((a, b) => a.Over(b));

    /// <summary>Checks that every rule speaks of some layer.</summary>
    /// <exception cref="CompilationException">A rule matches no layer.</exception>
    internal void CheckMatches(string? file, IReadOnlyList<string> layers)
    {
        foreach (LayerRule rule in Layers.Where(r => !layers.Any(r.Matches)))
        {
            string hint = OptionParsing.Nearest(rule.Match, layers) is { } nearest ? $" The nearest name is '{nearest}'." : "";
            throw new CompilationException(RecipeDiagnostics.NothingMatches.At(file, null, rule.Match, hint));
        }
    }

    /// <summary>The message as a sentence, without what .NET appends to it, and with a line number as editors count.</summary>
    private static string Reason(JsonException e)
    {
        int end = e.Message.IndexOf(" LineNumber: ", StringComparison.Ordinal);
        string message = end < 0 ? e.Message : e.Message[..end];
        if (!message.EndsWith('.') && !message.EndsWith('?')) message += ".";
        return e.LineNumber is { } line ? $"line {line + 1}: {message}" : message;
    }
}

/// <summary>Options of the layers whose names match a pattern.</summary>
internal sealed record LayerRule : LayerOptions
{
    /// <summary>A rule.</summary>
    /// <param name="match">A layer's name; <c>*</c> stands for any text, <c>?</c> for any character, <c>\*</c> for itself.</param>
    public LayerRule(string match, QuantizationMode? quantization = null)
    {
        Match = match;
        Quantization = quantization;
    }

    /// <summary>The pattern of names.</summary>
    public string Match { get; init; }

    /// <summary>Whether a layer is meant.</summary>
    public bool Matches(string layer) =>
        Match == layer || FileSystemName.MatchesSimpleExpression(Match, layer, ignoreCase: false);
}
