using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace ModelOpt.Fuzz.Files;

/// <summary>A file that did what no file may do.</summary>
internal sealed record FileFind(long Index, string What);

/// <summary>Has workers run cases, restarts those that end, and keeps what they find.</summary>
/// <param name="Only">The one kind to make; null for all.</param>
/// <param name="Workers">How many processes run at once.</param>
internal sealed record FileCampaign(int Seed, FileKind? Only, int Workers)
{
    /// <summary>How long a case may compute, or how long, twelve times over, it may take: other processes may be in its way.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(5);

    // Starting takes as long as some hundred cases.
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private const int WaitingFactor = 12;
    private const long MostAtOnce = 20_000;

    /// <summary>How many cases of each kind were read and run to the end, of those workers that came to theirs.</summary>
    public ConcurrentDictionary<string, int> Accepted { get; } = new(StringComparer.Ordinal);

    /// <summary>Runs cases from the first on.</summary>
    /// <param name="first">The number of the first case.</param>
    /// <returns>How many cases ran.</returns>
    public long Run(long first, long cases, TimeSpan time, Action<FileFind> found)
    {
        var clock = Stopwatch.StartNew();
        long next = first, ran = 0, chunk = Math.Clamp(cases / Workers, 1, MostAtOnce);
        var gate = new Lock();
        Task[] workers = [.. Enumerable.Range(0, Workers).Select(_ => Task.Factory.StartNew(
            () =>
            {
                while (clock.Elapsed < time)
                {
                    long from, to;
                    lock (gate)
                    {
                        (from, to) = (next, Math.Min(next + chunk, first + cases));
                        next = to;
                    }

                    if (from >= to) return;
                    long done = RunChunk(from, to, () => clock.Elapsed >= time, find =>
                    {
                        lock (gate) found(find);
                    });
                    Interlocked.Add(ref ran, done);
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        Task.WaitAll(workers);
        return ran;
    }

    private long RunChunk(long from, long to, Func<bool> isOver, Action<FileFind> found)
    {
        long at = from;
        while (at < to && !isOver())
        {
            using Process worker = Start(at, to);
            var lines = new BlockingCollection<string?>();
            worker.OutputDataReceived += (_, e) => lines.Add(e.Data);
            var errors = new ConcurrentQueue<string>();
            worker.ErrorDataReceived += (_, e) =>
            {
                if (e.Data is { Length: > 0 } line && errors.Count < 12) errors.Enqueue(line.Trim());
            };
            worker.BeginOutputReadLine();
            worker.BeginErrorReadLine();
            long current = -1;
            while (true)
            {
                if (Next(worker, lines, current < 0 ? StartLimit : Limit) is not { } next)
                {
                    worker.Kill();
                    worker.WaitForExit();
                    at = Math.Max(at, current);
                    found(new FileFind(at++, $"no end after {Limit.TotalSeconds} s"));
                    break;
                }

                string? line = next.Line;
                if (line == "done") return to - from;
                if (line is null)
                {
                    worker.WaitForExit();
                    found(new FileFind(current < 0 ? at : current,
                        $"the process ended with {worker.ExitCode}: {string.Join(" ", errors)}"));
                    at = (current < 0 ? at : current) + 1;
                    break;
                }

                if (line.Split(' ') is ["=", var kind, var count])
                    Accepted.AddOrUpdate(kind, _ => Number(count), (_, sum) => sum + Number(count));
                else if (line.StartsWith('!')) found(new FileFind(current, line[2..]));
                else current = long.Parse(line, CultureInfo.InvariantCulture);
                if (!isOver()) continue;
                worker.Kill();
                worker.WaitForExit();
                return current < 0 ? 0 : current - from;
            }
        }

        return at - from;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    // The next line, null for none after the last; nothing at all where the limit is exceeded.
    private static (string? Line, bool)? Next(Process worker, BlockingCollection<string?> lines, TimeSpan limit)
    {
        TimeSpan? before = null;
        for (int waited = 0; waited < WaitingFactor; waited++)
        {
            if (lines.TryTake(out string? line, limit)) return (line, true);
            worker.Refresh();
            TimeSpan computed = worker.HasExited ? default : worker.TotalProcessorTime;
            before ??= computed;
            if (computed - before >= limit) return null;
        }

        return null;
    }

    private Process Start(long from, long to)
    {
        string[] arguments =
        [
            typeof(FileCampaign).Assembly.Location, "files", "--worker", "--seed", $"{Seed}", "--first", $"{from}", "--cases",
                $"{to - from}",
            .. Only is { } kind ? ["--kind", $"{kind}"] : Array.Empty<string>(),
        ];
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        start.Environment["DOTNET_gcServer"] = "0";
        return Process.Start(start)!;
    }
}
