using System.Diagnostics;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Fuzz.Operators;

/// <summary>What to run.</summary>
/// <param name="Cases">At most how many cases of each operator.</param>
/// <param name="Seconds">How long, or null for as long as it takes.</param>
/// <param name="Operator">The operator, or null for all.</param>
/// <param name="Opset">The opset, or null for any.</param>
/// <param name="LeavesOpen">Whether models leave sizes open.</param>
internal sealed record OperatorRunOptions(
    int Seed, int Cases, double? Seconds = null, string? Operator = null, int? Opset = null, bool LeavesOpen = false);

/// <summary>Draws cases of operators and compares the project with ONNX Runtime.</summary>
internal static class OperatorRun
{
    /// <summary>Runs cases in turns: the first of every operator, then the second.</summary>
    /// <param name="before">Told of each case before it runs; may be null.</param>
    public static IReadOnlyList<OperatorTally> Run(OperatorRunOptions options, Action<string>? before = null)
    {
        var clock = Stopwatch.StartNew();
        OperatorTally[] tallies = [.. OperatorGenerators.Drawn.Where(n => options.Operator is null || n == options.Operator)
            .Select(n => new OperatorTally(n))];
        for (int index = 0; index < options.Cases; index++)
        {
            foreach (OperatorTally tally in tallies)
            {
                if (options.Seconds is { } seconds && clock.Elapsed.TotalSeconds > seconds) return tallies;
                Run(tally, options, index, before);
            }
        }

        return tallies;
    }

    /// <summary>Runs one case.</summary>
    /// <param name="before">Told of the case before it runs; may be null.</param>
    public static void Run(OperatorTally tally, OperatorRunOptions options, int index, Action<string>? before = null)
    {
        OperatorCase test = OperatorGenerators.Make(tally.Name, options.Seed, index, options.Opset, out string? unread);
        if (options.LeavesOpen) test = test.Opened(index);
        before?.Invoke($"{index}: {test}");
        if (unread is not null) tally.AddUnread();
        else tally.Run(index, test);
    }
}
