using ModelOpt.Cli;

using var terminal = new Terminal(Console.Out, Console.Error, showProgress: !Console.IsErrorRedirected);
return await CommandLine.RunAsync(args, terminal, CancellationToken.None);
