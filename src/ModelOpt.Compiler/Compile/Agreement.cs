using System.Globalization;
using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Emit.Reports;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Training;

namespace ModelOpt.Compiler.Compile;

/// <summary>
/// Compares the classes that the written file and the float model choose, on samples that calibration did not use: the evaluation data,
/// or else the calibration samples that were left out. Where there are none, on those that it used.
/// </summary>
internal static class Agreement
{
    // It is to cost little beside calibration, which runs its samples several times.
    private const int Most = 200;
    private const long MacsOfAll = 1L << 34;

    // Of fewer samples, one is more than the share to warn of.
    private const int Fewest = 20;
    private const double ShareToWarnOf = 0.95;

    // A model of few classes may be right to choose one.
    private const int FewestOfOneClass = 50, FewestClasses = 5;

    /// <summary>Measures it, and warns where it is low.</summary>
    /// <param name="graph">The graph from which the files were written.</param>
    /// <returns>Null where the model is no classifier, or there are too few samples.</returns>
    /// <exception cref="CompilationException">Evaluation data or labels do not fit.</exception>
    public static ClassAgreement? Measure(Graph graph, WrittenFiles files, PassContext context)
    {
        CompileOptions options = context.Options;
        bool isGiven = options.EvaluationData.Count > 0;
        if (context.Reference is not { States.Count: 0 } reference || !(isGiven || context.IsCalibrated)) return null;
        if (!OptionChecks.IsCompressed(context)) return null;
        if (OpenSizes.AreOpen(reference) || ScoresOf(reference) is not { } output) return null;
        PassContext data = !isGiven ? context : context with
        {
            Options = options with { CalibrationData = options.EvaluationData, CalibrationSamples = int.MaxValue },
        };
        // The file may do the preprocessing itself: then it takes the bytes of which the float model gets numbers.
        using Calibrator numbers = new(reference, data), stored = new(graph, data);
        int[]? labels = isGiven && options.EvaluationLabels is { } file ? Labels(file, numbers.Available) : null;
        int most = (int)Math.Clamp(MacsOfAll / Math.Max(1, reference.Nodes.Sum(n => Operator.Of(n).Macs(n))), Fewest, Most);
        int[] unseen = isGiven ? numbers.Used(most) : numbers.Unused(most);
        int[] samples = unseen.Length >= Fewest ? unseen : numbers.Used(most);
        if (samples.Length < Fewest && labels is null) return null;

        using TfliteRun shipped = TfliteRun.Load(files.Embedded);
        var interpreter = new Interpreter(reference) { Pool = context.Pool };
        int same = 0, right = 0, floatRight = 0;
        HashSet<int> classes = [];
        for (int i = 0; i < samples.Length; i++)
        {
            context.Progress?.Report(new CompileProgress("compare", i, samples.Length));
            int expected = BestOf(interpreter.Run(numbers.At(samples[i]), context.Cancellation)[output]);
            int actual = BestOf(shipped.Run(SelfCheck.AsDeclared(graph, stored.At(samples[i])))[output]);
            classes.Add(expected);
            if (expected == actual) same++;
            if (labels is null) continue;
            if (labels[samples[i]] == expected) floatRight++;
            if (labels[samples[i]] == actual) right++;
        }

        var result = new ClassAgreement(same, samples.Length, samples == unseen,
            labels is null ? null : floatRight, labels is null ? null : right);
        Report(result, context);
        bool isOne = classes.Count == 1 && samples.Length >= FewestOfOneClass
            && reference.Outputs[output].Shape!.Skip(1).Any(d => d.Size >= FewestClasses);
        if (isOne) context.Diagnostics.Report(VerificationDiagnostics.OneClass.At(null, null, samples.Length, classes.First()));
        return result;
    }

    /// <summary>The index of the output that holds scores of classes, by its form; null where none does.</summary>
    public static int? ScoresOf(Graph graph)
    {
        for (int i = 0; i < graph.Outputs.Count; i++)
        {
            if (graph.Outputs[i] is not { Type: ElementType.Float32, Shape: { Rank: >= 2 } shape } output) continue;
            long[] sizes = [.. shape.Skip(1).Where(d => !d.IsKnown || d.Size != 1).Select(d => d.IsKnown ? d.Size : -1)];
            // An output as large as an input is the input made again.
            bool isInput = graph.Inputs.Exists(input => input.Shape is { } s && s.Skip(1).All(d => d.IsKnown)
                && s.Skip(1).Aggregate(1L, (count, d) => count * d.Size) == sizes.FirstOrDefault());
            if (sizes is [> 1] && (!shape[0].IsKnown || shape[0].Size == 1) && !isInput && output.Producer is not null) return i;
        }

        return null;
    }

    private static void Report(ClassAgreement result, PassContext context)
    {
        string share = Percent(result.Share), of = result.AreUnseen ? "that calibration did not use" : "that calibration used, too";
        if (result is { FloatRight: { } floatRight, Right: { } right })
        {
            context.Diagnostics.Report(VerificationDiagnostics.Accuracy.At(
                null, null, Percent((double)floatRight / result.Count), Percent((double)right / result.Count), result.Count));
        }

        DiagnosticDescriptor descriptor = result.Count >= Fewest && result.Share < ShareToWarnOf
            ? VerificationDiagnostics.LowAgreement : VerificationDiagnostics.Agreement;
        context.Diagnostics.Report(descriptor.At(null, null, share, result.Count, of));
    }

    private static int[] Labels(string file, int count)
    {
        int[] labels = LabelSource.Read(file);
        return labels.Length == count ? labels : throw DataDiagnostics.LabelCountMismatch.In(file, null, labels.Length, count);
    }

    private static int BestOf(Tensor scores) => ClassScores.Best(Elements.ToFloats(scores));

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");
}
