using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;

namespace ModelOpt.Cli.Bench;

/// <summary>
/// How long an engine takes from a model's bytes in memory to the first result, loading and compiling its own code
/// included, and the most memory that the process had by then. That is once in a process: each measurement starts this
/// program again, with a command that nothing else knows.
/// </summary>
/// <param name="PeakBytes">The peak working set of the whole process, .NET included.</param>
internal sealed record FirstResult(double Milliseconds, long PeakBytes)
{
    /// <summary>The first argument of a process that measures.</summary>
    public const string Command = "measure-first-result";

    private const string OnnxRuntime = "onnxruntime";

    /// <summary>The arguments of a process that measures ModelOpt's runtime.</summary>
    public static string[] ArgumentsFor(string model, int threads, int batch, string? instructions) =>
        [Command, "modelopt", model, $"{threads}", $"{batch}", .. instructions is null ? (string[])[] : [instructions]];

    /// <summary>The arguments of a process that measures ONNX Runtime, with the shapes of all inputs.</summary>
    public static string[] ArgumentsFor(string model, int threads, IEnumerable<long[]> shapes) =>
        [Command, OnnxRuntime, model, $"{threads}", .. shapes.Select(shape => string.Join(',', shape))];

    /// <summary>Measures in this process and writes the result.</summary>
    /// <returns>The exit code.</returns>
    public static int Print(string[] arguments, TextWriter output)
    {
        if (arguments is [_, "modelopt", _, _, _, var instructions])
            Machine.Limit(instructions);
        byte[] file = File.ReadAllBytes(arguments[2]);
        int threads = int.Parse(arguments[3], CultureInfo.InvariantCulture);
        double milliseconds = arguments[1] == OnnxRuntime
            ? RunOnnxRuntime(file, threads, [.. arguments.Skip(4).Select(Shape)])
            : RunModelOpt(arguments[2], file, threads, int.Parse(arguments[4], CultureInfo.InvariantCulture));
        using Process process = Process.GetCurrentProcess();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{milliseconds} {process.PeakWorkingSet64}"));
        return 0;

        static long[] Shape(string text) => Array.ConvertAll(
            text.Split(',', StringSplitOptions.RemoveEmptyEntries), size => long.Parse(size, CultureInfo.InvariantCulture));
    }

    /// <summary>Measures in a new process.</summary>
    /// <returns>The result; null where the process could not measure.</returns>
    public static FirstResult? Measure(string[] arguments, CancellationToken cancellation)
    {
        // This program, or the program that hosts it as a library, as tests do.
        string? self = Environment.ProcessPath;
        bool own = Path.GetFileNameWithoutExtension(self) == "modelopt";
        string[] host = own ? [] : [Path.Combine(AppContext.BaseDirectory, "modelopt.dll")];
        string program = own || Path.GetFileNameWithoutExtension(self) == "dotnet" ? self! : "dotnet";
        using Process? process = Start(program, [.. host, .. arguments]);
        if (process is null) return null;
        using CancellationTokenRegistration kill = cancellation.Register(process.Kill);
        // Read, so that the process cannot wait for a reader; it is of no use.
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        string[] words = process.StandardOutput.ReadToEnd().Split(' ', StringSplitOptions.TrimEntries);
        process.WaitForExit();
        cancellation.ThrowIfCancellationRequested();
        return process.ExitCode == 0 && words is [var milliseconds, var bytes]
            ? new FirstResult(double.Parse(milliseconds, CultureInfo.InvariantCulture), long.Parse(bytes, CultureInfo.InvariantCulture))
            : null;
    }

    private static Process? Start(string program, string[] arguments)
    {
        try
        {
            // All three, so that .NET leaves the terminal's settings alone.
            return Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            });
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    private static double RunModelOpt(string model, byte[] file, int threads, int batch)
    {
        long start = Stopwatch.GetTimestamp();
        using var contender = new ModelOptContender(model, file, threads, batch);
        contender.Run();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static double RunOnnxRuntime(byte[] file, int threads, long[][] shapes)
    {
        long start = Stopwatch.GetTimestamp();
        using InferenceSession session = OnnxRuntimeContender.Open(file, threads);
        using var options = new RunOptions();
        using IDisposable results = session.Run(
            options, session.InputNames, OnnxRuntimeContender.Inputs(session, shapes), session.OutputNames);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
