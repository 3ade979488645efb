using System.CommandLine;
using System.Globalization;
using ModelOpt.Cli.Bench;
using ModelOpt.Cli.Engines;
using ModelOpt.Cli.Models;
using ModelOpt.Cli.Options;
using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Options;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Cli.Commands;

/// <summary><c>modelopt bench</c>: how long a model takes, also compared with ONNX Runtime.</summary>
internal static class BenchCommand
{
    private const string Peer = "onnxruntime:";
    private const int MostThreads = 1024;
    private const int MostProcesses = 5;
    private const double DefaultSeconds = 3;
    private const string AllInstructions = "auto";

    private sealed record Options(
        string Model, string? Against, IReadOnlyList<int> Threads, int Batch, bool Layers, double Seconds, string? Instructions);

    /// <summary>The measurements with one number of threads.</summary>
    private sealed record Result(int Threads, IReadOnlyList<string> Names, Timings[] Timings)
    {
        public double Ratio => Timings[0].Median / Timings[1].Median;
    }

    public static Command Create(Terminal terminal)
    {
        var model = new Argument<string>("MODEL") { Description = "The model: a .tflite file, or the .embedded one of a build." };
        Option<string> against = CliOptions.Parsed("--against", "onnxruntime:MODEL.onnx",
            "Also measures Microsoft's ONNX Runtime, if it is installed, on this file, in turns of a few milliseconds.", ReadPeer);
        Option<IReadOnlyList<int>> threads = CliOptions.Parsed("--threads", "1,2",
            "Numbers of threads to measure with, one after the other. Default: 1.", ReadThreads);
        Option<int> batch = CliOptions.Count("--batch", "Runs N samples at once, and also prints samples per second.");
        var layers = new Option<bool>("--layers")
        {
            Description = "Also prints the time of each layer, its multiply-adds (MACs) per second, and their share of the "
                + "processor's peak.",
        };
        Option<double> seconds = CliOptions.Parsed("--seconds", "S",
            "Seconds to measure for each number of threads. Default: 3.", ReadSeconds);
        string[] names = [AllInstructions, Instructions.Avx2, Instructions.AvxVnni, Instructions.Avx512, Instructions.Avx512Vnni];
        Option<string> instructions = CliOptions.Choice("--instructions",
            "The instructions that ModelOpt's kernels may use, if the processor has them. Default: auto, all that it has.",
            [.. names.Select(name => (name, name))]);
        var command = new Command(
            "bench",
            """
            Measures how long a model takes, from input to output: the median, and the times that 10 % and 90 % of the runs do
            not exceed. The last line is for scripts: 'ratio threads=1 0.58 threads=2 0.61' (ours / theirs, of medians) or,
            without --against, 'median threads=1 1.234 ms threads=2 0.750 ms'.

            Example: modelopt bench out/mobilenet.tflite --against onnxruntime:out/mobilenet.onnx --threads 1,2 --layers
            """)
        {
            model, against, threads, batch, layers, seconds, instructions,
        };
        command.SetAction((parsed, cancellation) => terminal.RunAsync(parsed.GetRequiredValue(model), () => Run(
            new Options(
                parsed.GetRequiredValue(model),
                parsed.GetValue(against),
                parsed.GetValue(threads) ?? [1],
                Math.Max(1, parsed.GetValue(batch)),
                parsed.GetValue(layers),
                parsed.GetValue(seconds) is > 0 and double given ? given : DefaultSeconds,
                parsed.GetValue(instructions) is { } name && name != AllInstructions ? name : null),
            terminal,
            cancellation)));
        return command;
    }

    private static void Run(Options options, Terminal terminal, CancellationToken cancellation)
    {
        Machine.Limit(options.Instructions);
        byte[] file = ModelFile.Read(options.Model);
        byte[]? theirs = options.Against is { } peer ? ModelFile.Read(peer) : null;
        InstructionLimit? limit = null;
        var results = new List<Result>();
        var starts = new List<(string Name, string[] Arguments)>();
        foreach (int threads in options.Threads)
        {
            using var ours = new ModelOptContender(options.Model, file, threads, options.Batch);
            using OnnxRuntimeContender? other = theirs is null ? null
                : new OnnxRuntimeContender(options.Against!, theirs, threads, options.Batch, ours.Model.Inputs);
            if (results.Count == 0)
            {
                WriteHeader(options, ModelFile.FormatOf(options.Model), other, terminal);
                starts.Add((ours.Name, FirstResult.ArgumentsFor(options.Model, threads, options.Batch, options.Instructions)));
                if (other is not null) starts.Add((other.Name, FirstResult.ArgumentsFor(options.Against!, threads, other.Shapes)));
            }

            IContender[] contenders = other is null ? [ours] : [ours, other];
            Timings[] timings = new InterleavedTimer(threads).Measure(
                contenders,
                options.Seconds,
                done => terminal.Report(new CompileProgress($"bench threads={threads} %", (int)(100 * done), 100)),
                cancellation);
            results.Add(new Result(threads, [.. contenders.Select(c => c.Name)], timings));
            if (!options.Layers) continue;
            limit ??= InstructionLimit.Measure();
            int runs = (int)Math.Clamp(options.Seconds / 3 * 1e3 / (timings[0].Median / options.Batch), 5, 2000);
            WriteLayers(LayerTime.Measure(ours.Model, ModelFile.Plain(file), runs), limit, threads, terminal);
        }

        WriteResults(results, options.Batch, terminal);
        terminal.WriteResult("");
        WriteFirstResults(options, starts, terminal, cancellation);
        terminal.WriteResult("");
        terminal.WriteResult(theirs is null
            ? $"median {string.Join(' ', results.Select(r => $"threads={r.Threads} {Number(r.Timings[0].Median, 3)} ms"))}"
            : $"ratio {string.Join(' ', results.Select(r => $"threads={r.Threads} {Number(r.Ratio, 2)}"))}");
    }

    private static void WriteHeader(Options options, ModelFormat format, OnnxRuntimeContender? other, Terminal terminal)
    {
        terminal.WriteResult($"{Machine.Processor()}, "
            + $"{(Environment.ProcessorCount == 1 ? "1 core" : $"{Environment.ProcessorCount} cores")}, {Machine.Tier()}");
        terminal.WriteResult($"ModelOpt  {options.Model}{(format == ModelFormat.PackedTflite ? ", packed for embedding" : "")}");
        if (other is not null) terminal.WriteResult($"{other.Name} {OnnxRuntimeLibrary.Version}  {options.Against}");
        terminal.WriteResult(options.Batch > 1 ? $"{options.Batch} samples a run" : "1 sample a run");
        terminal.WriteResult("");
    }

    private static void WriteResults(List<Result> results, int batch, Terminal terminal)
    {
        terminal.WriteTable(
            [">threads", "engine", ">runs", ">median ms", ">10 % ms", ">90 % ms", ">samples/s", ">ratio"],
            results.SelectMany(result => result.Timings.Select((t, i) => (string[])[
                Number(result.Threads, 0),
                result.Names[i],
                Number(t.Count, 0),
                Number(t.Median, 4),
                Number(t.Quantile(0.1), 4),
                Number(t.Quantile(0.9), 4),
                Number(batch * 1e3 / t.Median, 0),
                i == 0 && result.Timings.Length > 1 ? Number(result.Ratio, 3) : ""])));
    }

    /// <summary>Starts each engine in several processes, in turns, and writes the medians.</summary>
    private static void WriteFirstResults(
        Options options, List<(string Name, string[] Arguments)> starts, Terminal terminal, CancellationToken cancellation)
    {
        int processes = (int)Math.Clamp(Math.Ceiling(2 * options.Seconds), 1, MostProcesses);
        Timings[] times = [.. starts.Select(_ => new Timings())], peaks = [.. starts.Select(_ => new Timings())];
        for (int i = 0; i < processes * starts.Count; i++)
        {
            terminal.Report(new CompileProgress("first result", i, processes * starts.Count));
            if (FirstResult.Measure(starts[i % starts.Count].Arguments, cancellation) is not { } first) continue;
            times[i % starts.Count].Add(first.Milliseconds);
            peaks[i % starts.Count].Add(first.PeakBytes / 1e6);
        }

        Write($"first result threads={options.Threads[0]}", times, "ms");
        Write("peak memory", peaks, "MB");

        void Write(string what, Timings[] values, string unit)
        {
            if (Array.Exists(values, v => v.Count == 0))
            {
                terminal.WriteResult($"{what}: not measured, as {Path.GetFileName(Environment.ProcessPath)} could not be started again");
                return;
            }

            string each = string.Join(", ", starts.Select((start, i) => $"{start.Name} {Number(values[i].Median, 1)} {unit}"));
            string ratio = values.Length > 1 ? $", ratio {Number(values[0].Median / values[1].Median, 3)}" : "";
            terminal.WriteResult($"{what}: {each}{ratio} ({processes} process{(processes == 1 ? "" : "es")} each)");
        }
    }

    private static void WriteLayers(LayerTime[] layers, InstructionLimit limit, int threads, Terminal terminal)
    {
        double total = layers.Sum(layer => layer.Milliseconds);
        terminal.WriteResult(
            $"threads={threads}, one sample; the limit of one core: int8 {Number(limit.Int8, 0)} GMAC/s, float32 "
                + $"{Number(limit.Float32, 0)} GMAC/s");
        terminal.WriteTable(
            [">step", "operator", "output", ">µs", ">share", ">MMAC", ">GMAC/s", ">of limit"],
            [
                .. layers.Select((layer, i) => Row(Number(i, 0), layer.Operators, layer.Output, [layer])),
                Row("", "total", "", layers),
            ]);
        terminal.WriteResult("");

        string[] Row(string step, string operators, string output, LayerTime[] of)
        {
            double milliseconds = of.Sum(layer => layer.Milliseconds), macs = of.Sum(layer => layer.Macs);
            double least = of.Sum(layer => layer.Macs / (layer.IsFloat ? limit.Float32 : limit.Int8) / threads / 1e6);
            return
            [
                step, operators, output, Number(milliseconds * 1e3, 1), Percent(milliseconds / total),
                macs == 0 ? "" : Number(macs / 1e6, 2),
                macs == 0 || milliseconds == 0 ? "" : Number(macs / milliseconds / 1e6, 1),
                macs == 0 || milliseconds == 0 ? "" : Percent(least / milliseconds),
            ];
        }
    }

    private static string Number(double value, int decimals) => value.ToString($"F{decimals}", CultureInfo.InvariantCulture);

    private static string Percent(double share) => $"{Number(100 * share, 1)} %";

    private static string ReadPeer(string option, string value) =>
        value.StartsWith(Peer, StringComparison.OrdinalIgnoreCase) && value.Length > Peer.Length ? value[Peer.Length..]
        : throw OptionDiagnostics.InvalidValue.Error(null, option, value, $"{Peer}MODEL.onnx", "");

    private static IReadOnlyList<int> ReadThreads(string option, string value) =>
        [.. value.Split(',').Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && number is >= 1 and <= MostThreads
            ? number
            : throw OptionDiagnostics.InvalidNumber.Error(
            null, option, value, $"a list of whole numbers of 1…{MostThreads}, such as 1,2"))];

    /// <summary>A number of seconds.</summary>
    public static double ReadSeconds(string option, string value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds)
        && seconds is > 0 and <= 86400 ? seconds
        : throw OptionDiagnostics.InvalidNumber.Error(null, option, value, "a number of seconds above 0, such as 0.5");
}
