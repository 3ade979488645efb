using System.CommandLine;

namespace ModelOpt.Cli.Options;

/// <summary>A command of so many options that its help has headings.</summary>
/// <param name="name">The command's name.</param>
/// <param name="description">What it does.</param>
internal sealed class HeadedCommand(string name, string description) : Command(name, description)
{
    private readonly Dictionary<Option, string> headings = [];

    /// <summary>Adds an option under a heading.</summary>
    /// <param name="heading">The heading.</param>
    /// <param name="option">The option.</param>
    public void Add(string heading, Option option)
    {
        Options.Add(option);
        headings.Add(option, heading);
    }

    /// <summary>The heading of an option, or null.</summary>
    public string? HeadingOf(Option option) => headings.GetValueOrDefault(option);
}
