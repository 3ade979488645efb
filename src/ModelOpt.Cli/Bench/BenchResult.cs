using ModelOpt.Cli.Models;

namespace ModelOpt.Cli.Bench;

/// <summary>What <c>modelopt bench</c> measured.</summary>
/// <param name="Against">The ONNX file that ONNX Runtime ran; null for none.</param>
/// <param name="Batch">Samples of a run.</param>
/// <param name="StartThreads">The threads with which processes were started.</param>
internal sealed record BenchResult(string Model, ModelFormat Format, string? Against, int Batch, int StartThreads)
{
    /// <summary>One for each number of threads.</summary>
    public List<BenchRun> Runs { get; } = [];

    /// <summary>One for each engine.</summary>
    public List<EngineStart> Starts { get; } = [];

    /// <summary>What one core can do; null where layers were not measured.</summary>
    public InstructionLimit? Limit { get; set; }
}

/// <summary>The times with one number of threads.</summary>
/// <param name="Names">The engines, ours first.</param>
/// <param name="Timings">Their times, in milliseconds.</param>
internal sealed record BenchRun(int Threads, IReadOnlyList<string> Names, Timings[] Timings)
{
    /// <summary>Our time over theirs, of medians; null where only ours was measured.</summary>
    public double? Ratio => Timings.Length > 1 ? Timings[0].Median / Timings[1].Median : null;

    /// <summary>The steps of our plan, where they were measured.</summary>
    public List<LayerTime> Layers { get; } = [];
}

/// <summary>How processes of an engine start.</summary>
/// <param name="Arguments">The arguments of a process that measures.</param>
internal sealed record EngineStart(string Name, string[] Arguments)
{
    /// <summary>The times to the first result.</summary>
    public Timings Milliseconds { get; } = new();

    /// <summary>The peak working sets by then.</summary>
    public Timings Megabytes { get; } = new();
}
