using System.CommandLine;

namespace ModelOpt.Fuzz.Operators;

/// <summary>The command <c>operators</c>.</summary>
internal static class OperatorsCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<int> cases = new("--cases") { Description = "Cases of each operator.", DefaultValueFactory = _ => 200 };
        Option<double?> seconds = new("--seconds") { Description = "Ends after this time." };
        Option<int> seed = new("--seed") { Description = "The seed.", DefaultValueFactory = _ => 1 };
        Option<string?> name = new("--operator") { Description = "One operator instead of all." };
        Option<int?> opset = new("--opset") { Description = "One opset instead of any from 7 to 22." };
        Option<int?> only = new("--case") { Description = "One case of --operator, by its number." };
        Option<bool> trace = new("--trace") { Description = "Shows each case before it runs: the last one, where the process ends." };
        Option<FileInfo?> table = new("--table") { Description = "Writes the table of what is refused to this file." };
        Option<bool> open = new("--open") { Description = "Leaves about half of the sizes open: named in the model, given by the call." };
        var command = new Command("operators", "Compares each operator with ONNX Runtime, on random attributes, shapes and types.")
        {
            cases, seconds, seed, name, opset, only, trace, table, open,
        };
        command.SetAction(parsed =>
        {
            var options = new OperatorRunOptions(
                parsed.GetValue(seed), parsed.GetValue(cases), parsed.GetValue(seconds), parsed.GetValue(name), parsed.GetValue(opset),
                parsed.GetValue(open));
            Action<string>? before = parsed.GetValue(trace) || parsed.GetValue(only) is not null ? Console.WriteLine : null;
            IReadOnlyList<OperatorTally> tallies = parsed.GetValue(only) is { } index
                ? [One(options, index, before)] : OperatorRun.Run(options, before);
            if (parsed.GetValue(table) is { } file) File.WriteAllText(file.FullName, RefusalTable.Write(options, tallies));
            return Print(tallies);
        });
        return command;
    }

    private static OperatorTally One(OperatorRunOptions options, int index, Action<string>? before)
    {
        var tally = new OperatorTally(options.Operator ?? throw new ArgumentException("--case needs --operator."));
        OperatorRun.Run(tally, options, index, before);
        return tally;
    }

    private static int Print(IReadOnlyList<OperatorTally> tallies)
    {
        foreach (OperatorTally tally in tallies)
        {
            Console.WriteLine(
                $"{tally.Name,-20} valid {tally.Valid,6}  refused {tally.Refused,5}  late {tally.Late,5}  failed {tally.Failures.Count,5}"
                + $"  unread {tally.Unread,5}  no kernel {tally.NoKernel,5}  rejected {tally.Rejected,5}");
            foreach ((string reason, int count) in tally.Reasons) Console.WriteLine($"    {count,5} × {reason}");
            foreach ((int count, int index, OperatorCase test, string what) in tally.Kinds)
                Console.WriteLine($"  ! {count} × {what}\n      {index}: {test}");
        }

        int failures = tallies.Sum(t => t.Failures.Count);
        Console.WriteLine($"{tallies.Sum(t => t.Valid)} valid cases, {tallies.Sum(t => t.Refused)} refused, {failures} failed");
        return failures == 0 ? 0 : 1;
    }
}
