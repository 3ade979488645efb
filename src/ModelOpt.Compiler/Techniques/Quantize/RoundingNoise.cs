using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Measures what rounding activations does to a graph's float outputs on calibration samples: the squared error of each as a share of its
/// square, on average.
/// </summary>
internal sealed class RoundingNoise
{
    private const int MostSamples = 4;
    private const long MostMacs = 1L << 36, MostBytes = 1L << 29;

    private readonly Graph _graph;
    private readonly PassContext _context;
    private readonly Value[] _outputs;
    private readonly Tensor[][] _inputs;
    private readonly Tensor[][] _wanted;
    private Dictionary<Value, Tensor>[]? _known;

    /// <summary>Chooses the samples.</summary>
    /// <param name="graph">The graph, not yet annotated.</param>
    /// <param name="exact">What it makes of samples.</param>
    /// <param name="groups">How many groups of values will be rounded by themselves.</param>
    public RoundingNoise(Graph graph, FloatOutputs exact, int groups, PassContext context)
    {
        (_graph, _context) = (graph, context);
        int[] measured = [.. Enumerable.Range(0, graph.Outputs.Count)
            .Where(i => graph.Outputs[i] is { Type: ElementType.Float32, IsConstant: false })];
        _outputs = [.. measured.Select(i => graph.Outputs[i])];
        int count = (int)Math.Clamp(MostMacs / Math.Max(1, exact.Macs * groups), 1, Math.Min(MostSamples, exact.Count));
        (Tensor[] Inputs, Tensor[] Outputs)[] samples = [.. exact.Spread(count)];
        _inputs = [.. samples.Select(s => s.Inputs)];
        _wanted = [.. samples.Select(s => measured.Select(i => s.Outputs[i]).ToArray())];
    }

    /// <summary>The noise of each output if the values of one group are rounded; what does not depend on them is computed once.</summary>
    public double[] Of(IReadOnlyList<Value> group, Quantization grid)
    {
        _known ??= Known();
        HashSet<Value> rounded = [.. group], changed = [.. group];
        foreach (Node node in _graph.Nodes.Where(n => n.Inputs.Any(v => v is not null && changed.Contains(v))))
            changed.UnionWith(node.Outputs.OfType<Value>());
        // A value that another rounded one leads to is computed; the first ones are given.
        Value[] given = [.. _known[0].Keys.Where(v => !changed.Contains(v) || v.Producer is null
            || !v.Producer.Inputs.Any(i => i is not null && changed.Contains(i)))];
        return Run(given, _known, v => rounded.Contains(v) ? grid : null);
    }

    /// <summary>The noise of each output if the values of all groups are rounded.</summary>
    /// <param name="grids">The grid of each group.</param>
    public double[] OfAll(IReadOnlyList<IReadOnlyList<Value>> groups, IReadOnlyList<Quantization> grids)
    {
        Dictionary<Value, Quantization> own = [];
        for (int g = 0; g < groups.Count; g++)
            foreach (Value value in groups[g]) own[value] = grids[g];
        return Run([.. _graph.Inputs], Inputs(), own.GetValueOrDefault);
    }

    private double[] Run(Value[] given, Dictionary<Value, Tensor>[] known, Func<Value, Quantization?> gridOf)
    {
        double[] noise = new double[_outputs.Length];
        Interpreter interpreter = new(_graph, _outputs, given)
        {
            Pool = _context.Pool, Reuses = true, Substitute = (value, tensor) => gridOf(value)?.Round(tensor, _context.Pool) ?? tensor,
        };
        for (int s = 0; s < known.Length; s++)
        {
            Tensor[] got = interpreter.Run([.. given.Select(v => known[s][v])], _context.Cancellation);
            for (int i = 0; i < noise.Length; i++)
                noise[i] += OutputLoss.Share(_wanted[s][i].Span<float>(), got[i].Span<float>()) / known.Length;
        }

        return noise;
    }

    /// <summary>All values of the samples, or their inputs alone where the values take too much memory.</summary>
    private Dictionary<Value, Tensor>[] Known()
    {
        Value[] all = [.. _graph.Values.Where(v => !v.IsConstant)];
        double bytes = all.Sum(v => v.Shape is { } shape ? shape.Aggregate(4.0, (size, d) => d.IsKnown ? size * d.Size : size) : 0);
        if (bytes * _inputs.Length > MostBytes) return Inputs();
        return [.. _inputs.Select(x =>
        {
            Dictionary<Value, Tensor> values = [];
            new Interpreter(_graph, all) { Pool = _context.Pool, Hook = (value, tensor) => values[value] = tensor }
                .Run(x, _context.Cancellation);
            return values;
        })];
    }

    private Dictionary<Value, Tensor>[] Inputs() =>
        [.. _inputs.Select(x => _graph.Inputs.Zip(x).ToDictionary(p => p.First, p => p.Second))];
}
