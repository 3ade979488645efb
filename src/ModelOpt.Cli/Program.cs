using ModelOpt.Cli;
using ModelOpt.Cli.Bench;
using ModelOpt.Cli.Output;

if (args is [FirstResult.Command, ..]) return FirstResult.Print(args, Console.Out);
using var terminal = new Terminal(Console.Out, Console.Error, !Console.IsErrorRedirected, TerminalLook.OfConsole());
return await CommandLine.RunAsync(args, terminal, CancellationToken.None);
