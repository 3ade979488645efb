using System.CommandLine;
using ModelOpt.Fuzz.Files;
using ModelOpt.Fuzz.Graphs;
using ModelOpt.Fuzz.Operators;

// Each kind of fuzzing is a command of its own, in a folder of its own.
var root = new RootCommand("Compares what the project computes with what others compute, on cases that nobody chose.")
{
    OperatorsCommand.Create(),
    FilesCommand.Create(),
};
foreach (Command command in GraphCommands.Create()) root.Add(command);
return root.Parse(args).Invoke();
