using System.CommandLine;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Cli.Options;

/// <summary>Those options of <see cref="OptionCatalog"/> that a command takes.</summary>
/// <param name="filter">Which of the options that items have; all where null.</param>
internal sealed class CatalogOptions(Func<OptionDescription, bool>? filter = null)
{
    private readonly (OptionDescription Described, Option<object?> Option)[] _catalog =
        [.. OptionCatalog.OfItems.Where(filter ?? (_ => true)).Select(o => (o, CliOptions.Of(o)))];

    /// <summary>The command line's option of a name in the catalog.</summary>
    public Option this[string name] => Array.Find(_catalog, c => c.Described.Name == name).Option;

    /// <summary>Adds the options to a command, each under the heading of its group.</summary>
    public void AddTo(HeadedCommand command)
    {
        foreach ((OptionDescription described, Option<object?> option) in _catalog) command.Add(described.Group, option);
    }

    /// <summary>The name of the first that a command line gives, or null.</summary>
    public string? FirstGiven(ParseResult parsed) => Array.Find(_catalog, c => parsed.GetResult(c.Option) is not null).Option?.Name;

    /// <summary>What a command line gives.</summary>
    public CompileOptions In(ParseResult parsed)
    {
        var options = new CompileOptions();
        foreach ((OptionDescription described, Option<object?> option) in _catalog)
        {
            if (parsed.GetValue(option) is { } value) options = described.In(options, value);
        }

        return options;
    }
}
