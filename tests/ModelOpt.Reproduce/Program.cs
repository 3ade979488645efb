using ModelOpt.Cli.Output;
using ModelOpt.Reproduce;

using var terminal = new Terminal(Console.Out, Console.Error, showProgress: !Console.IsErrorRedirected);
return await MnistCommand.Create(terminal).Parse(args).InvokeAsync().ConfigureAwait(false);
