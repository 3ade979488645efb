using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ModelOpt.Compiler.Options;

/// <summary>
/// An option of a model, perhaps also of single layers: a metadatum of items, a key of recipes and an option of the command line.
/// </summary>
public sealed class OptionDescription
{
    private readonly Func<LayerOptions, object?> get;
    private readonly Func<LayerOptions, object, LayerOptions> set;

    /// <summary>Describes an option.</summary>
    /// <param name="name">The metadatum's name, which is the property's in <see cref="ModelOptions"/>.</param>
    /// <param name="group">What it is about.</param>
    /// <param name="values">Its possible values.</param>
    /// <param name="description">What it means: sentences.</param>
    /// <param name="get">Takes its value from options; null where they say nothing.</param>
    /// <param name="set">Options of the same type with the value.</param>
    internal OptionDescription(
        string name, string group, OptionValue values, string description,
        Func<LayerOptions, object?> get, Func<LayerOptions, object, LayerOptions> set)
    {
        (Name, Group, Values, Description) = (name, group, values, description);
        (this.get, this.set) = (get, set);
    }

    /// <summary>The name of the metadatum.</summary>
    public string Name { get; }

    /// <summary>The heading under which help and documentation list it.</summary>
    public string Group { get; }

    /// <summary>Its possible values.</summary>
    public OptionValue Values { get; }

    /// <summary>What it means: sentences.</summary>
    public string Description { get; }

    /// <summary>Whether rules for single layers may have it too.</summary>
    public bool IsOfLayers => typeof(LayerOptions).GetProperty(Name) is not null;

    /// <summary>The key in recipes: <c>sparsityPattern</c>.</summary>
    public string Key => JsonNamingPolicy.CamelCase.ConvertName(Name);

    /// <summary>The option of the command line: <c>--sparsity-pattern</c>.</summary>
    public string CommandLine => $"--{(Name == nameof(LayerOptions.Decomposition) ? "decompose" : Hyphenated(Name))}";

    /// <summary>The words among which to choose, as the command line writes them: <c>min-max</c>; empty for other values.</summary>
    public IReadOnlyList<string> CommandLineChoices => [.. Values.Choices.Select(Hyphenated)];

    /// <summary>The description with values and options spelled as on the command line.</summary>
    public string CommandLineDescription
    {
        get
        {
            var spelling = Values.Choices.Zip(CommandLineChoices).Concat(OptionCatalog.All.Select(o => (o.Name, o.CommandLine)))
                .ToDictionary(p => p.Item1, p => p.Item2);
            return Regex.Replace(Description, @"\w+", word => spelling.GetValueOrDefault(word.Value, word.Value));
        }
    }

    /// <summary>The value that options have; null where they say nothing.</summary>
    /// <param name="options">Of a model, or of a layer if the option is one of layers.</param>
    public object? Of(LayerOptions options) => get(options);

    /// <summary>Options with a value.</summary>
    /// <typeparam name="T">The options' type.</typeparam>
    /// <param name="options">Of a model, or of a layer if the option is one of layers.</param>
    /// <param name="value">A value that <see cref="Values"/> has read.</param>
    public T In<T>(T options, object value) where T : LayerOptions => (T)set(options, value);

    /// <summary>Capitals begin words: <c>KMeansPlusPlus</c> is <c>k-means-plus-plus</c>.</summary>
    private static string Hyphenated(string name)
    {
        var text = new StringBuilder();
        foreach (char c in name)
        {
            if (char.IsAsciiLetterUpper(c) && text.Length > 0) text.Append('-');
            text.Append(char.ToLowerInvariant(c));
        }

        return text.ToString();
    }
}
