using System.CommandLine;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Cli.Options;

/// <summary>The compression options of a command: <c>--recipe</c> and those of <see cref="OptionCatalog"/>.</summary>
/// <param name="filter">Which options of the catalog the command takes; all where null.</param>
internal sealed class CompressionOptions(Func<OptionDescription, bool>? filter = null)
{
    private readonly Option<string?> recipe = new("--recipe")
    {
        Description = "A JSON file that sets options for single layers by name; 'modelopt inspect' prints one to start from.",
        HelpName = "FILE",
    };

    private readonly (OptionDescription Described, Option<object?> Option)[] catalog =
        [.. OptionCatalog.All.Where(filter ?? (_ => true)).Select(o => (o, CliOptions.Of(o)))];

    /// <summary>Adds <c>--recipe</c>.</summary>
    public void AddRecipe(HeadedCommand command) => command.Options.Add(recipe);

    /// <summary>Adds the options of the catalog, each under the heading of its group.</summary>
    public void AddCatalog(HeadedCommand command)
    {
        foreach ((OptionDescription described, Option<object?> option) in catalog) command.Add(described.Group, option);
    }

    /// <summary>The name of the first that a command line gives, or null.</summary>
    public string? FirstGiven(ParseResult parsed) =>
        catalog.Select(c => (Option)c.Option).Prepend(recipe).FirstOrDefault(o => parsed.GetResult(o) is not null)?.Name;

    /// <summary>Options with what a command line gives.</summary>
    public CompileOptions In(CompileOptions options, ParseResult parsed)
    {
        options = options with { Recipe = parsed.GetValue(recipe) };
        foreach ((OptionDescription described, Option<object?> option) in catalog)
        {
            if (parsed.GetValue(option) is { } value) options = described.In(options, value);
        }

        return options;
    }
}
