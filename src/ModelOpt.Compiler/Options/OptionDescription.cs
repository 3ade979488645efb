using System.Collections;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ModelOpt.Compiler.Options;

/// <summary>
/// An option of a compilation, perhaps also of single layers: a metadatum of items and an option of the command line, a key of recipes,
/// or both.
/// </summary>
internal sealed class OptionDescription
{
    private static readonly CompileOptions Silent = new();
    private readonly PropertyInfo _property;

    /// <summary>Describes an option.</summary>
    /// <param name="name">The metadatum's name, which is the property's in <see cref="CompileOptions"/>.</param>
    /// <param name="description">What it means: sentences.</param>
    internal OptionDescription(string group, string name, OptionValue values, string description)
    {
        (Group, Name, Values, Description) = (group, name, values, description);
        _property = typeof(CompileOptions).GetProperty(name)!;
        CommandLine = $"--{Hyphenated(name)}";
    }

    /// <summary>The name of the metadatum.</summary>
    public string Name { get; }

    /// <summary>The heading under which help and documentation list it.</summary>
    public string Group { get; }

    /// <summary>Its possible values.</summary>
    public OptionValue Values { get; }

    /// <summary>What it means: sentences.</summary>
    public string Description { get; }

    /// <summary>Whether recipes have it; other options name data and files.</summary>
    public bool IsOfRecipes => typeof(ModelOptions).IsAssignableTo(_property.DeclaringType);

    /// <summary>Whether rules for single layers may have it too.</summary>
    public bool IsOfLayers => _property.DeclaringType == typeof(LayerOptions);

    /// <summary>Whether only recipes have it, in their section for experts.</summary>
    public bool IsExpert { get; init; }

    /// <summary>The key in recipes: <c>sparsityPattern</c>.</summary>
    public string Key => JsonNamingPolicy.CamelCase.ConvertName(Name);

    /// <summary>The option of the command line: <c>--sparsity-pattern</c>.</summary>
    public string CommandLine { get; init; }

    /// <summary>The words among which to choose, as the command line writes them: <c>min-max</c>; empty for other values.</summary>
    public IReadOnlyList<string> CommandLineChoices => [.. Values.Choices.Select(Hyphenated)];

    /// <summary>The description with values and options spelled as on the command line.</summary>
    public string CommandLineDescription
    {
        get
        {
            var spelling = Values.Choices.Zip(CommandLineChoices).Concat(OptionCatalog.OfItems.Select(o => (o.Name, o.CommandLine)))
                .ToDictionary(p => p.Item1, p => p.Item2);
            return Regex.Replace(Description, @"\w+", word => spelling.GetValueOrDefault(word.Value, word.Value));
        }
    }

    /// <summary>The value that options have; null where they say nothing.</summary>
    /// <param name="options">Options that have the property: of a compilation, of a model if recipes have it, of a layer if rules have
    /// it.</param>
    public object? Of(LayerOptions options)
    {
        object? value = _property.GetValue(options);
        bool isSilent = value is ICollection { Count: 0 } || (!IsOfRecipes && Equals(value, _property.GetValue(Silent)));
        return isSilent ? null : value;
    }

    /// <summary>Options with a value.</summary>
    /// <typeparam name="T">The options' type.</typeparam>
    /// <param name="options">Options that have the property, as for <see cref="Of"/>.</param>
    /// <param name="value">A value that <see cref="Values"/> has read.</param>
    public T In<T>(T options, object value) where T : LayerOptions
    {
        LayerOptions result = (LayerOptions)options with { };
        _property.SetValue(result, value);
        return (T)result;
    }

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
