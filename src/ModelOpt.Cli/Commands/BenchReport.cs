using System.Globalization;
using ModelOpt.Cli.Bench;
using ModelOpt.Cli.Engines;
using ModelOpt.Cli.Models;
using ModelOpt.Cli.Output;

namespace ModelOpt.Cli.Commands;

/// <summary>The output of <c>modelopt bench</c>, as text and as JSON.</summary>
internal static class BenchReport
{
    public static void WriteHeader(BenchResult result, Terminal terminal)
    {
        terminal.WriteResult($"{Machine.Processor()}, "
            + $"{(Environment.ProcessorCount == 1 ? "1 core" : $"{Environment.ProcessorCount} cores")}, {Machine.Tier()}");
        terminal.WriteResult($"ModelOpt  {result.Model}{(result.Format == ModelFormat.PackedTflite ? ", packed for embedding" : "")}");
        if (result.Against is not null)
            terminal.WriteResult($"{OnnxRuntimeContender.EngineName} {OnnxRuntimeLibrary.Version}  {result.Against}");
        terminal.WriteResult(result.Batch > 1 ? $"{result.Batch} samples a run" : "1 sample a run");
        terminal.WriteResult("");
    }

    public static void WriteLayers(BenchRun run, InstructionLimit limit, Terminal terminal)
    {
        double total = run.Layers.Sum(layer => layer.Milliseconds);
        terminal.WriteResult(
            $"threads={run.Threads}, one sample; the limit of one core: int8 {Number(limit.Int8, 0)} GMAC/s, float32 "
                + $"{Number(limit.Float32, 0)} GMAC/s");
        terminal.WriteTable(
            [">step", "operator", "output", ">µs", ">share", ">MMAC", ">GMAC/s", ">of limit"],
            [
                .. run.Layers.Select((layer, i) => Row(Number(i, 0), layer.Operators, layer.Output, [layer])),
                Row("", "total", "", run.Layers),
            ]);
        terminal.WriteResult("");

        string[] Row(string step, string operators, string output, IReadOnlyList<LayerTime> of)
        {
            double milliseconds = of.Sum(layer => layer.Milliseconds), macs = of.Sum(layer => layer.Macs);
            double least = of.Sum(layer => layer.Macs / (layer.IsFloat ? limit.Float32 : limit.Int8) / run.Threads / 1e6);
            return
            [
                step, operators, output, Number(milliseconds * 1e3, 1), Percent(milliseconds / total),
                macs == 0 ? "" : Number(macs / 1e6, 2),
                macs == 0 || milliseconds == 0 ? "" : Number(macs / milliseconds / 1e6, 1),
                macs == 0 || milliseconds == 0 ? "" : Percent(least / milliseconds),
            ];
        }
    }

    public static void WriteRuns(BenchResult result, Terminal terminal)
    {
        terminal.WriteTable(
            [">threads", "engine", ">runs", ">median ms", ">10 % ms", ">90 % ms", ">samples/s", ">ratio"],
            result.Runs.SelectMany(run => run.Timings.Select((t, i) => (string[])[
                Number(run.Threads, 0),
                run.Names[i],
                Number(t.Count, 0),
                Number(t.Median, 4),
                Number(t.Quantile(0.1), 4),
                Number(t.Quantile(0.9), 4),
                Number(result.Batch * 1e3 / t.Median, 0),
                i == 0 && run.Ratio is { } ratio ? Number(ratio, 3) : ""])));
        terminal.WriteResult("");
    }

    /// <summary>Writes how processes start, and the line for scripts.</summary>
    public static void WriteEnd(BenchResult result, Terminal terminal)
    {
        Write($"first result threads={result.StartThreads}", [.. result.Starts.Select(s => s.Milliseconds)], "ms");
        Write("peak memory", [.. result.Starts.Select(s => s.Megabytes)], "MB");
        terminal.WriteResult("");
        terminal.WriteAnswer(result.Against is null
            ? $"median {string.Join(' ', result.Runs.Select(r => $"threads={r.Threads} {Number(r.Timings[0].Median, 3)} ms"))}"
            : $"ratio {string.Join(' ', result.Runs.Select(r => $"threads={r.Threads} {Number(r.Ratio!.Value, 2)}"))}");

        void Write(string what, Timings[] values, string unit)
        {
            if (Array.Exists(values, v => v.Count == 0))
            {
                terminal.WriteResult($"{what}: not measured, as {Path.GetFileName(Environment.ProcessPath)} could not be started again");
                return;
            }

            int processes = values[0].Count;
            string each = string.Join(", ", values.Select((v, i) => $"{result.Starts[i].Name} {Number(v.Median, 1)} {unit}"));
            string ratio = values.Length > 1 ? $", ratio {Number(values[0].Median / values[1].Median, 3)}" : "";
            terminal.WriteResult($"{what}: {each}{ratio} ({processes} process{(processes == 1 ? "" : "es")} each)");
        }
    }

    /// <summary>The fields that docs/cli.md lists.</summary>
    public static object Json(BenchResult result) => new
    {
        result.Model,
        result.Against,
        processor = Machine.Processor(),
        cores = Environment.ProcessorCount,
        instructions = Machine.Tier(),
        result.Batch,
        runs = result.Runs.Select(run => new
        {
            run.Threads,
            run.Ratio,
            engines = run.Names.Zip(run.Timings, (engine, t) => new
            {
                engine,
                runs = t.Count,
                median = t.Median,
                low = t.Quantile(0.1),
                high = t.Quantile(0.9),
            }),
            layers = run.Layers.Select(l => new { operators = l.Operators, l.Output, l.Milliseconds, l.Macs }),
        }),
        starts = result.Starts.Select(s => new
        {
            engine = s.Name,
            milliseconds = s.Milliseconds.Median,
            megabytes = s.Megabytes.Median,
        }),
    };

    private static string Number(double value, int decimals) => value.ToString($"F{decimals}", CultureInfo.InvariantCulture);

    private static string Percent(double share) => $"{Number(100 * share, 1)} %";
}
