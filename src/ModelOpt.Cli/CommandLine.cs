using System.CommandLine;
using System.CommandLine.Help;
using ModelOpt.Cli.Commands;
using ModelOpt.Cli.Options;
using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Cli;

/// <summary>The commands of <c>modelopt</c> and how they end.</summary>
internal static class CommandLine
{
    private const int HelpWidth = 120;

    /// <summary>The command line is wrong.</summary>
    public const int UsageError = 2;

    // Work may take a moment to notice Ctrl-C; a second Ctrl-C does not wait.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Runs a command line.</summary>
    /// <param name="cancellation">Ends the command, as Ctrl-C does.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, Terminal terminal, CancellationToken cancellation)
    {
        ParseResult parsed = Create(terminal).Parse(args);
        if (parsed.Errors.Count > 0) return Refuse(parsed, terminal);
        var configuration = new InvocationConfiguration
        {
            Output = terminal.Output,
            Error = terminal.Error,
            ProcessTerminationTimeout = Patience,
        };
        return await parsed.InvokeAsync(configuration, cancellation).ConfigureAwait(false);
    }

    /// <summary>All commands.</summary>
    public static RootCommand Create(Terminal terminal)
    {
        var root = new RootCommand(
            """
            Inspects, compresses, trains, evaluates and measures ONNX and TFLite models.

            Exit codes: 0 done; 1 failed, with a diagnostic MOPTnnnn (docs/diagnostics.md lists them); 2 wrong command line;
            130 cancelled.
            """)
        {
            InspectCommand.Create(terminal),
            CompressCommand.Create(terminal),
            TrainCommand.Create(terminal),
            EvaluateCommand.Create(terminal),
            BenchCommand.Create(terminal),
        };
        root.Options.OfType<HelpOption>().Single().Action = new HelpPage(HelpWidth);
        return root;
    }

    private static int Refuse(ParseResult parsed, Terminal terminal)
    {
        Command command = parsed.CommandResult.Command;
        string[] unknown = [.. parsed.UnmatchedTokens];
        foreach (string token in unknown)
        {
            terminal.Error.WriteLine(OptionCatalog.All.FirstOrDefault(o => o.IsExpert && o.CommandLine == token) is { } moved
                ? OptionDiagnostics.ForExperts.Error(null, token, moved.Key).Message : Unknown(parsed, token));
        }

        // Each unknown token is an error of its own, and so is that no command was found; neither needs saying twice.
        foreach (string message in parsed.Errors.Select(e => e.Message).Distinct())
        {
            bool told = Array.Exists(unknown, token => message.Contains($"'{token}'", StringComparison.Ordinal))
                || (unknown.Length > 0 && command is RootCommand);
            if (!told) terminal.Error.WriteLine(message);
        }

        string path = command is RootCommand ? "modelopt" : $"modelopt {command.Name}";
        terminal.Error.WriteLine($"Run '{path} --help' for all commands and options.");
        return UsageError;
    }

    private static string Unknown(ParseResult parsed, string token)
    {
        Command command = parsed.CommandResult.Command;
        IEnumerable<string> possible = token.StartsWith('-')
            ? command.Options.Concat(parsed.RootCommandResult.Command.Options).Where(o => !o.Hidden).Select(o => o.Name)
            : command.Subcommands.Select(c => c.Name);
        string nearest = OptionParsing.Nearest(token, possible) is { } name ? $" Did you mean '{name}'?" : "";
        return $"{(token.StartsWith('-') ? "Option" : "Argument")} '{token}' is not known.{nearest}";
    }
}
