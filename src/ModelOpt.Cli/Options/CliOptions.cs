using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Cli.Options;

/// <summary>Options that several commands have, and how their values are read.</summary>
internal static class CliOptions
{
    /// <summary>The option that asks for the result as JSON.</summary>
    public static Option<bool> Json() => new("--json")
    {
        Description = "Prints the result as one JSON object, with its diagnostics, instead of text.",
    };

    /// <summary>An option whose value is a whole number of at least one; 0 where it is absent.</summary>
    public static Option<int> Count(string name, string description) => Parsed(name, "N", description, OptionParsing.Count);

    /// <summary>An option whose value is a whole number, perhaps negative; 0 where it is absent.</summary>
    public static Option<int> Whole(string name, string description) => Parsed(name, "N", description, (option, value) =>
        int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number
        : throw OptionDiagnostics.InvalidNumber.Error(null, option, value, "a whole number"));

    /// <summary>An option whose value is one of several words, which may be written in any case and without hyphens; the
    /// type's default where it is absent.</summary>
    public static Option<T> Choice<T>(string name, string description, params (string Word, T Value)[] choices)
    {
        string[] words = [.. choices.Select(c => c.Word)];
        Option<T> option = Parsed(name, string.Join('|', words), description, Read);
        option.CompletionSources.Add(words);
        return option;

        T Read(string option, string value)
        {
            string found = OptionParsing.Choice(option, value, words);
            return Array.Find(choices, c => c.Word == found).Value;
        }
    }

    /// <summary>An option of <see cref="OptionCatalog"/>; null where it is absent.</summary>
    public static Option<object?> Of(OptionDescription described)
    {
        IReadOnlyList<string> words = described.CommandLineChoices;
        Option<object?> option = Parsed<object?>(
            described.CommandLine,
            words.Count > 0 ? string.Join('|', words) : described.Values.Placeholder,
            described.CommandLineDescription,
            (name, value) => described.Values.Parse(name, value, words));
        option.CompletionSources.Add([.. words]);
        if (described.Values is PathsValue)
        {
            option.Arity = ArgumentArity.OneOrMore;
            option.CustomParser = result => result.Tokens.Select(t => t.Value).ToArray();
        }

        return option;
    }

    public static Option<T> Parsed<T>(
        string name, string helpName, string description, Func<string, string, T> read) => new(name)
        {
            Description = description,
            HelpName = helpName,
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => Read(result, value => read(name, value)),
        };

    private static T? Read<T>(ArgumentResult result, Func<string, T> read)
    {
        try
        {
            return read(result.Tokens.Single().Value);
        }
        catch (CompilationException e)
        {
            result.AddError(e.Diagnostic.Message);
            return default;
        }
    }
}
