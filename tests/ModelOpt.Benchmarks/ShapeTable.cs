using System.Diagnostics;
using System.Globalization;
using System.Runtime;

namespace ModelOpt.Benchmarks;

/// <summary>A quick look at layers: best and median of 400 runs, as the comparable program for oneDNN prints them.</summary>
internal static class ShapeTable
{
    private const int Runs = 400;

    public static void Print(IEnumerable<Layer> layers)
    {
        foreach (Layer layer in layers)
        {
            using var runner = new LayerRunner(layer);
            WarmUp(runner);
            var times = new double[Runs];
            for (int i = 0; i < Runs; i++)
            {
                long start = Stopwatch.GetTimestamp();
                runner.Run();
                times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }

            Array.Sort(times);
            string rate = layer.Macs == 0 ? ""
                : string.Create(CultureInfo.InvariantCulture, $"  {layer.Macs / times[0] / 1e6:F1} GMAC/s");
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{layer.Name,-18} {runner.Kernel,-28} best {times[0]:F4} ms  median {times[Runs / 2]:F4} ms{rate}"));
        }
    }

    /// <summary>Until the just-in-time compiler has improved nothing for a while.</summary>
    internal static void WarmUp(LayerRunner runner)
    {
        long compiled = -1;
        for (var quiet = Stopwatch.StartNew(); quiet.ElapsedMilliseconds < 150;)
        {
            runner.Run();
            long now = JitInfo.GetCompiledMethodCount();
            if (now == compiled)
                continue;
            compiled = now;
            quiet.Restart();
        }
    }
}
