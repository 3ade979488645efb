using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// What a graph makes of a few calibration samples in float. All that measures what rounding costs compares with it, so that it is computed
/// once.
/// </summary>
internal sealed class FloatOutputs
{
    private const int MostSamples = 8;
    private const long MostMacs = 1L << 33;

    private readonly Tensor[][] _inputs;
    private readonly Tensor[][] _outputs;

    /// <summary>Runs a graph that is not annotated yet.</summary>
    public FloatOutputs(Graph graph, Calibrator calibrator, PassContext context)
    {
        Macs = graph.Nodes.Sum(n => Operator.Of(n).Macs(n));
        int count = (int)Math.Clamp(MostMacs / Math.Max(1, Macs), 1, Math.Min(MostSamples, calibrator.Count));
        _inputs = [.. Enumerable.Range(0, count).Select(i => calibrator.Sample(i, count))];
        Interpreter interpreter = new(graph) { Pool = context.Pool, Reuses = true };
        _outputs = [.. _inputs.Select(x => interpreter.Run(x, context.Cancellation))];
    }

    /// <summary>How many samples there are.</summary>
    public int Count => _inputs.Length;

    /// <summary>The multiply-accumulates of a sample.</summary>
    public long Macs { get; }

    /// <summary>Samples that are spread evenly over all: for each a tensor for each graph input, and one for each output.</summary>
    /// <param name="count">How many; at most <see cref="Count"/>.</param>
    public IReadOnlyList<(Tensor[] Inputs, Tensor[] Outputs)> Spread(int count) =>
        [.. Enumerable.Range(0, count).Select(i => i * Count / count).Select(s => (_inputs[s], _outputs[s]))];
}
