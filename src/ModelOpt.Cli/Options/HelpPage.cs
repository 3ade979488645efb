using System.CommandLine;
using System.CommandLine.Invocation;

namespace ModelOpt.Cli.Options;

/// <summary>
/// Prints what a command does and takes: plain text of a fixed width, options under the headings of a <see cref="HeadedCommand"/>.
/// </summary>
internal sealed class HelpPage(int width) : SynchronousCommandLineAction
{
    private const int NameColumn = 2, TextColumn = 30;

    /// <summary>Help needs no required options.</summary>
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        TextWriter output = parseResult.InvocationConfiguration.Output;
        Command command = parseResult.CommandResult.Command;
        output.WriteLine(command.Description!.ReplaceLineEndings(output.NewLine));
        output.WriteLine();
        output.WriteLine("Usage:");
        output.WriteLine($"  {Usage(command)}");
        Write(output, "Arguments", command.Arguments.Select(a => (a.Name, a.Description!)));
        Write(output, "Commands", command.Subcommands.Select(c => (c.Name, FirstParagraph(c.Description!))));
        IEnumerable<Option> options = command.Options
            .Concat(command is RootCommand ? [] : parseResult.RootCommandResult.Command.Options.Where(o => o.Recursive))
            .Where(o => !o.Hidden);
        foreach (IGrouping<string, Option> group in options.GroupBy(o => (command as HeadedCommand)?.HeadingOf(o) ?? "Options"))
            Write(output, group.Key, group.Select(o => (NameOf(o), o.Description!)));
        return 0;
    }

    private static string Usage(Command command) => string.Join(' ',
    [
        command is RootCommand ? "modelopt COMMAND" : $"modelopt {command.Name}",
        .. command.Arguments.Select(a => a.Name),
        .. command.Options.Where(o => o.Required).Select(o => $"{Names(o)[0]} {o.HelpName}"),
        "[options]",
    ]);

    private static string NameOf(Option option)
    {
        string names = string.Join(", ", Names(option));
        return option.HelpName is null ? names : $"{names} {option.HelpName}";
    }

    // Leaves out the aliases with question marks and slashes.
    private static string[] Names(Option option) =>
        [.. option.Aliases.Append(option.Name).Where(n => n[0] == '-' && n != "-?").OrderBy(n => n.Length)];

    private static string FirstParagraph(string text) =>
        string.Join(' ', text.ReplaceLineEndings("\n").Split("\n\n")[0].Split('\n'));

    private void Write(TextWriter output, string heading, IEnumerable<(string Name, string Text)> rows)
    {
        bool isFirst = true;
        foreach ((string name, string text) in rows)
        {
            if (isFirst)
            {
                output.WriteLine();
                output.WriteLine($"{heading}:");
                isFirst = false;
            }

            string start = new string(' ', NameColumn) + name;
            // A long name has a line for itself.
            if (start.Length > TextColumn - 2)
            {
                output.WriteLine(start);
                start = "";
            }

            foreach (string line in Wrapped(text, width - TextColumn))
            {
                output.WriteLine(start.PadRight(TextColumn) + line);
                start = "";
            }
        }
    }

    private static List<string> Wrapped(string text, int length)
    {
        var lines = new List<string> { "" };
        foreach (string word in text.Split(' '))
        {
            if (lines[^1].Length == 0) lines[^1] = word;
            else if (lines[^1].Length + 1 + word.Length <= length) lines[^1] += $" {word}";
            else lines.Add(word);
        }

        return lines;
    }
}
