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
        string Model, string? Against, IReadOnlyList<int> Threads, int Batch, bool Layers, double Seconds, string? Instructions,
        bool Json);

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
        Option<bool> json = CliOptions.Json();
        var command = new Command(
            "bench",
            """
            Measures how long a model takes, from input to output: the median, and the times that 10 % and 90 % of the runs do
            not exceed. The last line is for scripts: 'ratio threads=1 0.58 threads=2 0.61' (ours / theirs, of medians) or,
            without --against, 'median threads=1 1.234 ms threads=2 0.750 ms'.

            Example: modelopt bench out/mobilenet.tflite --against onnxruntime:out/mobilenet.onnx --threads 1,2 --layers
            """)
        {
            model, against, threads, batch, layers, seconds, instructions, json,
        };
        command.SetAction((parsed, cancellation) => terminal.RunAsync(parsed.GetRequiredValue(model), () => Run(
            new Options(
                parsed.GetRequiredValue(model),
                parsed.GetValue(against),
                parsed.GetValue(threads) ?? [1],
                Math.Max(1, parsed.GetValue(batch)),
                parsed.GetValue(layers),
                parsed.GetValue(seconds) is > 0 and double given ? given : DefaultSeconds,
                parsed.GetValue(instructions) is { } name && name != AllInstructions ? name : null,
                parsed.GetValue(json)),
            terminal,
            cancellation)));
        return command;
    }

    private static void Run(Options options, Terminal terminal, CancellationToken cancellation)
    {
        Machine.Limit(options.Instructions);
        byte[] file = ModelFile.ReadTflite(options.Model, "bench measures");
        byte[]? theirs = options.Against is { } peer ? ModelFile.Read(peer) : null;
        var result = new BenchResult(options.Model, ModelFile.FormatOf(options.Model), options.Against, options.Batch, options.Threads[0]);
        foreach (int threads in options.Threads)
        {
            using var ours = new ModelOptContender(options.Model, file, threads, options.Batch);
            using OnnxRuntimeContender? other = theirs is null ? null
                : new OnnxRuntimeContender(options.Against!, theirs, threads, options.Batch, ours.Model.Inputs);
            if (result.Runs.Count == 0)
            {
                if (!options.Json) BenchReport.WriteHeader(result, terminal);
                result.Starts.Add(new EngineStart(
                    ours.Name, FirstResult.ArgumentsFor(options.Model, threads, options.Batch, options.Instructions)));
                if (other is not null)
                    result.Starts.Add(new EngineStart(other.Name, FirstResult.ArgumentsFor(options.Against!, threads, other.Shapes)));
            }

            IContender[] contenders = other is null ? [ours] : [ours, other];
            Timings[] timings = new InterleavedTimer(threads).Measure(
                contenders,
                options.Seconds,
                done => terminal.Report(new CompileProgress($"bench threads={threads} %", (int)(100 * done), 100)),
                cancellation);
            result.Runs.Add(new BenchRun(threads, [.. contenders.Select(c => c.Name)], timings));
            if (!options.Layers) continue;
            result.Limit ??= InstructionLimit.Measure();
            int runs = (int)Math.Clamp(options.Seconds / 3 * 1e3 / (timings[0].Median / options.Batch), 5, 2000);
            result.Runs[^1].Layers.AddRange(LayerTime.Measure(ours.Model, ModelFile.Plain(file), runs));
            if (!options.Json) BenchReport.WriteLayers(result.Runs[^1], result.Limit, terminal);
        }

        if (!options.Json) BenchReport.WriteRuns(result, terminal);
        MeasureStarts(result, options.Seconds, terminal, cancellation);
        if (options.Json) terminal.WriteJson(BenchReport.Json(result));
        else BenchReport.WriteEnd(result, terminal);
    }

    /// <summary>Starts each engine in several processes, in turns.</summary>
    private static void MeasureStarts(BenchResult result, double seconds, Terminal terminal, CancellationToken cancellation)
    {
        int processes = (int)Math.Clamp(Math.Ceiling(2 * seconds), 1, MostProcesses), count = processes * result.Starts.Count;
        for (int i = 0; i < count; i++)
        {
            terminal.Report(new CompileProgress("first result", i, count));
            EngineStart start = result.Starts[i % result.Starts.Count];
            if (FirstResult.Measure(start.Arguments, cancellation) is not { } first) continue;
            start.Milliseconds.Add(first.Milliseconds);
            start.Megabytes.Add(first.PeakBytes / 1e6);
        }
    }

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
