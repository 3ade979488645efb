using System.Diagnostics;
using System.Runtime;

namespace ModelOpt.Cli.Bench;

/// <summary>
/// Times engines against each other in one process. They run in turns of a few milliseconds, A B A B …, so that whatever
/// else the machine does slows all alike. Each turn begins with runs that are not counted, which bring the engine's data
/// back into the caches and its threads back to work; with several threads, a turn first waits until the other engine's
/// threads have stopped spinning.
/// </summary>
internal sealed class InterleavedTimer(int threads)
{
    // Shorter runs are timed several at once, so that reading the clock (some 25 ns) does not count.
    private const double ShortestSample = 0.02;

    // The just-in-time compiler improves methods in the background, 0.1 s and more after they were called often.
    private const double QuietSeconds = 0.4, MostWarmUpSeconds = 5;

    // Longer with threads: there, waiting for the other's threads to park takes 10 to 40 ms a turn.
    private readonly double _turn = threads == 1 ? 4 : 30;

    /// <summary>Measures.</summary>
    /// <param name="seconds">Total time to measure; warming up takes at least a third more.</param>
    /// <param name="progress">Told the share that is done.</param>
    /// <returns>The times of each engine.</returns>
    public Timings[] Measure(
        IReadOnlyList<IContender> contenders, double seconds, Action<double> progress, CancellationToken cancellation)
    {
        // Warm: all memory touched, and all methods compiled as well as they will be.
        long compiled = JitInfo.GetCompiledMethodCount();
        double quietSince = 0;
        Alternate(contenders, elapsed =>
        {
            long now = JitInfo.GetCompiledMethodCount();
            if (now != compiled) (compiled, quietSince) = (now, elapsed);
            progress(0);
            return elapsed < Math.Min(seconds, MostWarmUpSeconds) / 3
                || (elapsed - quietSince < QuietSeconds && elapsed < MostWarmUpSeconds);
        }, cancellation);
        return Alternate(contenders, elapsed =>
        {
            progress(Math.Min(1, elapsed / seconds));
            return elapsed < seconds;
        }, cancellation);
    }

    private Timings[] Alternate(IReadOnlyList<IContender> contenders, Func<double, bool> goesOn, CancellationToken cancellation)
    {
        Timings[] timings = [.. contenders.Select(_ => new Timings())];
        var clock = Stopwatch.StartNew();
        do
        {
            for (int i = 0; i < timings.Length; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                if (threads > 1 && timings.Length > 1) WaitForIdle();
                TakeTurn(contenders[i], timings[i]);
            }
        }
        while (goesOn(clock.Elapsed.TotalSeconds));
        return timings;
    }

    private void TakeTurn(IContender contender, Timings timings)
    {
        long start = Stopwatch.GetTimestamp();
        double last;
        do last = Time(contender, 1);
        while (Elapsed(start) < _turn / 8);

        int together = (int)Math.Clamp(ShortestSample / last, 1, 1000);
        start = Stopwatch.GetTimestamp();
        do timings.Add(Time(contender, together));
        while (Elapsed(start) < _turn);
    }

    private static double Time(IContender contender, int runs)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < runs; i++) contender.Run();
        return Elapsed(start) / runs;
    }

    private static double Elapsed(long start) => Stopwatch.GetElapsedTime(start).TotalMilliseconds;

    /// <summary>Waits until this process takes hardly any processor time, or for 200 ms.</summary>
    private static void WaitForIdle()
    {
        long start = Stopwatch.GetTimestamp();
        while (Elapsed(start) < 200)
        {
            // Systems count the time of a running thread at clock ticks, of 10 ms at most.
            long step = Stopwatch.GetTimestamp();
            TimeSpan used = Environment.CpuUsage.TotalTime;
            Thread.Sleep(12);
            if ((Environment.CpuUsage.TotalTime - used).TotalMilliseconds < 0.2 * Elapsed(step)) return;
        }
    }
}
