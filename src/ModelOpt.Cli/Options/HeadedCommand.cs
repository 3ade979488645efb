using System.CommandLine;

namespace ModelOpt.Cli.Options;

/// <summary>A command of so many options that its help has headings.</summary>
internal sealed class HeadedCommand(string name, string description) : Command(name, description)
{
    private readonly Dictionary<Option, string> _headings = [];

    /// <summary>Adds an option under a heading.</summary>
    public void Add(string heading, Option option)
    {
        Options.Add(option);
        _headings.Add(option, heading);
    }

    /// <summary>The heading of an option, or null.</summary>
    public string? HeadingOf(Option option) => _headings.GetValueOrDefault(option);
}
