using System.Text.RegularExpressions;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Cli.Output;

/// <summary>Spells the options in a message as the command line has them: <c>--input-shape</c> for <c>InputShape</c>.</summary>
internal static partial class OptionSpelling
{
    private static readonly Dictionary<string, OptionDescription> Options = OptionCatalog.OfItems.ToDictionary(o => o.Name);

    /// <summary>The message as the command line says it. What is quoted are names and values of the user, and stays.</summary>
    public static string AtCommandLine(string message) => Mention().Replace(message, match =>
    {
        if (!Options.TryGetValue(match.Groups["name"].Value, out OptionDescription? option)) return match.Value;
        string before = match.Groups["before"].Value, link = match.Groups["link"].Value, value = match.Groups["value"].Value;
        // A name of one word is a word of English, too: it is an option where one sets it, or where the message begins with it.
        bool isName = option.Name.Count(char.IsAsciiLetterUpper) > 1 || before.Length > 0 || link == "="
            || (match.Index == 0 && (link == " is " || message[match.Length..].StartsWith(": ", StringComparison.Ordinal)
                || message[match.Length..].StartsWith(" is ", StringComparison.Ordinal)));
        if (!isName) return match.Value;
        int choice = option.Values.Choices.ToList().IndexOf(value);
        if (link == "=") link = " ";
        return $"{before}{option.CommandLine}{link}{(choice >= 0 ? option.CommandLineChoices[choice] : value)}";
    });

    [GeneratedRegex(@"(?<!\w)'[^']*'(?!\w)|(?<before>\b(?:[Ss]et|[Ll]ower|[Rr]aise|[Uu]se|[Ll]eave|by) )?"
        + @"\b(?<name>[A-Z]\w*)\b(?:(?<link> to |=| is )(?<value>[A-Z]\w*)\b)?")]
    private static partial Regex Mention();
}
