using System.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Runtime;

namespace ModelOpt.Compiler.Techniques.Channels;

/// <summary>
/// Measures how much faster a graph runs without some of its channels: in the runtime, in float32, one sample on one thread, on this
/// machine and now. So the result of a build differs from machine to machine and from build to build.
/// </summary>
internal sealed class ChannelLatency(Graph graph, IReadOnlyList<RankedGroup> groups, CancellationToken cancellation)
{
    private const int Runs = 31;
    private const int Searches = 10;
    private const double Close = 0.005;

    private readonly byte[] _whole = Lowering.Write(graph.Clone(), cancellation);

    /// <summary>Chooses by multiply-accumulates, as many of them as it takes for the latency to meet the target.</summary>
    /// <param name="target">The share of the latency to remove.</param>
    /// <returns>For each group, how many units go, and the share of the latency that went with them when it was measured.</returns>
    public (int[] Counts, double Saved) Choose(ChannelBudget budget, double target) => Search(budget.Choose, budget.Most, target, Saved);

    /// <summary>Looks for the choice whose latency is nearest to a target.</summary>
    /// <param name="choose">The choice for a share of the multiply-accumulates.</param>
    /// <param name="target">The share of the latency to remove.</param>
    /// <param name="measure">The share of the latency that goes with a choice.</param>
    internal static (int[] Counts, double Saved) Search(Func<double, int[]> choose, double most, double target, Func<int[], double> measure)
    {
        (double low, double high) = (0, most);
        (int[] Counts, double Saved)? nearest = null;
        for (int i = 0; i < Searches; i++)
        {
            double share = i == 0 ? high : (low + high) / 2;
            int[] counts = choose(share);
            double saved = measure(counts);
            if (nearest is null || Math.Abs(saved - target) < Math.Abs(nearest.Value.Saved - target)) nearest = (counts, saved);
            if (Math.Abs(saved - target) <= Close || (i == 0 && saved < target)) break;
            if (i == 0) continue;
            if (saved < target) low = share;
            else high = share;
        }

        return nearest!.Value;
    }

    private double Saved(int[] counts)
    {
        Graph pruned = graph.Clone();
        ChannelSlicing.Apply(pruned, ChannelSlicing.Kept(groups.SelectMany((g, i) => g.Removable.Take(counts[i]))));
        using TfliteModel before = Load(_whole), after = Load(Lowering.Write(pruned, cancellation));
        double[] with = new double[Runs], without = new double[Runs];
        Time(before);
        Time(after);
        // In turn, so that whatever else the machine does slows both.
        for (int run = 0; run < Runs; run++)
        {
            cancellation.ThrowIfCancellationRequested();
            (with[run], without[run]) = (Time(before), Time(after));
        }

        return 1 - (Median(without) / Median(with));
    }

    private static TfliteModel Load(byte[] file) => TfliteModel.Load(file, new RuntimeOptions { Threads = 1 });

    private static double Time(TfliteModel model)
    {
        using ModelCall call = model.Begin(1);
        for (int i = 0; i < model.Inputs.Count; i++) SetZeros(call, i, model.Inputs[i].ElementType, model.Inputs[i].ElementsPerSample);
        long start = Stopwatch.GetTimestamp();
        call.Run();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static void SetZeros(in ModelCall call, int input, Type type, int count)
    {
        if (type == typeof(float)) call.SetInput<float>(input, new float[count]);
        else if (type == typeof(byte)) call.SetInput<byte>(input, new byte[count]);
        else if (type == typeof(sbyte)) call.SetInput<sbyte>(input, new sbyte[count]);
        else if (type == typeof(int)) call.SetInput<int>(input, new int[count]);
        else if (type == typeof(long)) call.SetInput<long>(input, new long[count]);
        else call.SetInput<bool>(input, new bool[count]);
    }

    private static double Median(double[] times)
    {
        Array.Sort(times);
        return times[times.Length / 2];
    }
}
