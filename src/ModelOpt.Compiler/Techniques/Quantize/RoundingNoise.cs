using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Measures what rounding activations does to a graph's float outputs on calibration samples: the squared error of each as a share of its
/// square, on average. What does not depend on the rounded values is computed once.
/// </summary>
internal sealed class RoundingNoise
{
    private const int MostSamples = 4;
    private const long MostMacs = 1L << 36, MostBytes = 1L << 30;

    private readonly Graph _graph;
    private readonly PassContext _context;
    private readonly List<Dictionary<Value, Tensor>> _samples = [];
    private readonly Value[] _outputs;

    /// <summary>Runs samples through the graph.</summary>
    /// <param name="graph">The graph, not yet annotated.</param>
    /// <param name="groups">How many groups of values will be rounded by themselves.</param>
    public RoundingNoise(Graph graph, Calibrator calibrator, int groups, PassContext context)
    {
        (_graph, _context) = (graph, context);
        _outputs = [.. graph.Outputs.Where(o => o.Type == ElementType.Float32 && !o.IsConstant)];
        long macs = graph.Nodes.Sum(n => Operator.Of(n).Macs(n)), bytes = 0;
        int count = (int)Math.Clamp(MostMacs / Math.Max(1, macs * groups), 1, Math.Min(MostSamples, calibrator.Count));
        Value[] all = [.. graph.Values.Where(v => !v.IsConstant)];
        for (int i = 0; i < count && bytes * (i + 1) <= MostBytes; i++)
        {
            Dictionary<Value, Tensor> values = [];
            new Interpreter(graph, all) { Pool = context.Pool, Hook = (value, tensor) => values[value] = tensor }
                .Run(calibrator.Sample(i, count), context.Cancellation);
            bytes = values.Values.Sum(t => (long)t.Bytes.Length);
            _samples.Add(values);
        }
    }

    /// <summary>The noise of each output if the values of one group are rounded.</summary>
    public double[] Of(IReadOnlyList<Value> group, Quantization grid) => OfAll([group], [grid]);

    /// <summary>The noise of each output if the values of all groups are rounded.</summary>
    /// <param name="grids">The grid of each group.</param>
    public double[] OfAll(IReadOnlyList<IReadOnlyList<Value>> groups, IReadOnlyList<Quantization> grids)
    {
        Dictionary<Value, Quantization> grid = [];
        for (int g = 0; g < groups.Count; g++)
            foreach (Value value in groups[g]) grid[value] = grids[g];
        HashSet<Value> changed = [.. grid.Keys];
        foreach (Node node in _graph.Nodes.Where(n => n.Inputs.Any(v => v is not null && changed.Contains(v))))
            changed.UnionWith(node.Outputs.OfType<Value>());
        double[] noise = new double[_outputs.Length];
        foreach (Dictionary<Value, Tensor> sample in _samples)
        {
            // A value that another rounded one leads to is computed; the first ones are given.
            Value[] given = [.. sample.Keys.Where(v => !changed.Contains(v) || v.Producer is null
                || !v.Producer.Inputs.Any(i => i is not null && changed.Contains(i)))];
            Interpreter interpreter = new(_graph, _outputs, given)
            {
                Pool = _context.Pool, Substitute = (value, tensor) => grid.TryGetValue(value, out var own) ? own.Round(tensor) : tensor,
            };
            Tensor[] got = interpreter.Run([.. given.Select(v => sample[v])], _context.Cancellation);
            for (int i = 0; i < noise.Length; i++) noise[i] += Share(sample[_outputs[i]], got[i]) / _samples.Count;
        }

        return noise;
    }

    private static double Share(Tensor wanted, Tensor got)
    {
        ReadOnlySpan<float> x = wanted.Span<float>(), y = got.Span<float>();
        double error = 0, square = 0;
        for (int i = 0; i < x.Length; i++)
        {
            error += ((double)x[i] - y[i]) * ((double)x[i] - y[i]);
            square += (double)x[i] * x[i];
        }

        return error == 0 ? 0 : square > 0 ? Math.Min(1, error / square) : 1;
    }
}
