using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Techniques.Channels;

/// <summary>The cost of removing units in accuracy, piecewise linear in their number.</summary>
/// <param name="Points">Numbers of units and the loss of each, ascending from (0, 0).</param>
internal sealed record LossCurve(IReadOnlyList<(int Count, double Loss)> Points)
{
    /// <summary>The loss with a number of units gone.</summary>
    public double At(int count)
    {
        int i = 1;
        while (i < Points.Count && Points[i].Count < count) i++;
        if (i == Points.Count) return Points[^1].Loss;
        ((int n0, double l0), (int n1, double l1)) = (Points[i - 1], Points[i]);
        return l0 + ((l1 - l0) * (count - n0) / (n1 - n0));
    }
}

/// <summary>Measures how the model's outputs depend on each group of channels.</summary>
internal static class ChannelSensitivity
{
    private const int Samples = 16;
    private const long ActivationBytes = 1 << 27;

    private static readonly double[] Ratios = [0.1, 0.3, 0.5, 0.7, 0.9];

    /// <summary>
    /// For each group by itself, the squared error of the outputs relative to their variance, with a tenth to nine tenths of its
    /// units at their mean: what is left of a removed channel where its mean goes into the bias of who reads it.
    /// </summary>
    /// <param name="statistics">Of the values of <see cref="ChannelScores.Inputs"/>.</param>
    /// <param name="context">Takes progress; ends the work.</param>
    public static IReadOnlyList<LossCurve> Measure(
        Graph graph, IReadOnlyList<RankedGroup> groups, ChannelStatistics statistics, Calibrator calibrator, PassContext context)
    {
        HashSet<Value> read = [.. ChannelScores.Inputs(graph)];
        Tensor[][] samples = calibrator.Spread(Samples, ActivationBytes);
        Value[] outputs = [.. OutputSensitivity.Scores(graph)];
        Tensor[][] exact = Run([]);
        List<LossCurve> curves = [];
        foreach (RankedGroup group in groups)
        {
            context.Progress?.Report(new CompileProgress("sensitivity", curves.Count, groups.Count));
            List<(int, double)> points = [(0, 0)];
            int most = group.Removable.Length;
            foreach (int count in Ratios.Select(r => Math.Min(most, (int)Math.Round(r * group.Group.Width))).Append(most).Distinct()
                .Where(n => n > 0))
                points.Add((count, Error(exact, Run(group.Removable.AsSpan(0, count)))));
            curves.Add(new LossCurve(points));
        }

        return curves;

        Tensor[][] Run(ReadOnlySpan<ChannelUnit> removed)
        {
            Dictionary<Value, List<int>> masks = [];
            foreach (ChannelUnit unit in removed)
            {
                foreach ((Value value, int channel) in unit.Channels)
                {
                    if (!read.Contains(value)) continue;
                    if (!masks.TryGetValue(value, out List<int>? mask)) masks[value] = mask = [];
                    mask.Add(channel);
                }
            }

            Interpreter interpreter = new(graph, outputs)
            {
                Pool = context.Pool, Reuses = true, BeforeRounding = (value, tensors) =>
                {
                    foreach (int channel in masks.GetValueOrDefault(value, []))
                        foreach (Tensor tensor in tensors) Fill(tensor, channel, (float)statistics.Mean(value, channel));
                },
            };
            return interpreter.RunTogether(samples, context.Cancellation);
        }
    }

    /// <summary>Without data: the share of the scores, squared, that goes with the first units of a group.</summary>
    public static LossCurve ByScores(RankedGroup group)
    {
        double total = group.Scores.Sum(s => s * s), sum = 0;
        List<(int, double)> points = [(0, 0)];
        for (int i = 0; i < group.Scores.Length; i++)
        {
            sum += group.Scores[i] * group.Scores[i];
            points.Add((i + 1, total == 0 ? 0 : sum / total));
        }

        return new LossCurve(points);
    }

    private static void Fill(Tensor tensor, int channel, float value)
    {
        int channels = tensor.Dims[1], inner = tensor.Count / tensor.Dims[0] / channels;
        for (int n = 0; n < tensor.Dims[0]; n++) tensor.Span<float>().Slice(((n * channels) + channel) * inner, inner).Fill(value);
    }

    private static double Error(Tensor[][] exact, Tensor[][] actual)
    {
        double loss = 0;
        for (int o = 0; o < exact[0].Length; o++)
        {
            double error = 0, sum = 0, square = 0;
            long count = 0;
            for (int b = 0; b < exact.Length; b++)
            {
                ReadOnlySpan<float> e = exact[b][o].Span<float>(), a = actual[b][o].Span<float>();
                for (int i = 0; i < e.Length; i++)
                {
                    double difference = (double)a[i] - e[i];
                    (error, sum, square) = (error + (difference * difference), sum + e[i], square + ((double)e[i] * e[i]));
                }

                count += e.Length;
            }

            double variance = square - (sum * sum / Math.Max(1, count));
            loss += variance > 0 ? error / variance : error;
        }

        return double.IsFinite(loss) ? loss : double.MaxValue;
    }
}
