using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Training;

/// <summary>
/// Runs a graph forward and backward: reverse-mode differentiation of some of its values by its parameters. Values with an annotation are
/// rounded to their grids; their gradients pass the rounding where the value lies within
/// the grid (straight-through estimator, Bengio et al. 2013).
/// <para>
/// If samples are independent, the batch is divided into parts, and one thread runs a part from end to end in memory that is the same in
/// every run: a layer finds its input in cache, and threads meet once. The division and the order of sums depend on the batch size alone.
/// </para>
/// </summary>
internal sealed class GradientTape
{
    // More than processors, so that none waits long for another; each has gradients of its own of all parameters.
    private const int MostParts = 16;

    private readonly TapePlan _plan;
    private readonly bool _isForwardOnly;
    private readonly Tensor?[] _constants;
    private readonly Tensor?[] _exact;
    private readonly Tensor[] _results;
    private TapePart[] _parts = [];
    private int[] _bounds = [];
    private Tensor?[] _computed;
    private Dictionary<TapeNode, double[]> _totals = [];

    /// <summary>Prepares a graph, whose nodes stay as they are from then on; constants may be replaced between runs.</summary>
    /// <param name="batchStatistics">
    /// Whether BatchNormalization normalizes by mean and variance of the batch, and passes gradients through them, instead of by those
    /// it has as constants; <see cref="FollowStatistics"/> then moves these.
    /// </param>
    /// <param name="isForwardOnly">Whether nothing is differentiated, which takes less memory.</param>
    public GradientTape(Graph graph, IReadOnlyList<Value> outputs, bool batchStatistics = false, bool isForwardOnly = false)
    {
        _isForwardOnly = isForwardOnly;
        HashSet<Value> reached = [.. outputs];
        foreach (Node node in graph.Nodes.Reverse())
        {
            if (Operator.Of(node) is IDifferentiable && node.Outputs.OfType<Value>().Any(reached.Contains))
                reached.UnionWith(node.Inputs.OfType<Value>());
        }

        List<Value> parameters = [];
        HashSet<Value> trainable = [];
        List<Node> barriers = [];
        foreach (Node node in graph.Nodes)
        {
            foreach (Value parameter in ParametersOf(node))
            {
                if (batchStatistics && IsTakenAway(node, parameter, outputs)) continue;
                if (trainable.Add(parameter) && reached.Contains(parameter)) parameters.Add(parameter);
            }

            if (!node.Inputs.OfType<Value>().Any(trainable.Contains)) continue;
            trainable.UnionWith(node.Outputs.OfType<Value>());
            if (Operator.Of(node) is not IDifferentiable && node.Outputs.OfType<Value>().Any(reached.Contains)) barriers.Add(node);
        }

        (Parameters, Barriers) = (parameters, barriers);
        _plan = new TapePlan(graph, outputs, [.. trainable.Where(reached.Contains)], batchStatistics);
        _constants = new Tensor?[_plan.Values.Count];
        _exact = new Tensor?[_plan.Values.Count];
        _computed = new Tensor?[_plan.Outputs.Length];
        _results = [.. parameters.Select(p => Tensor.Zeros(ElementType.Float32, p.Constant!.Dims))];
    }

    /// <summary>The constants that gradients are computed for, in the order of the nodes that read them.</summary>
    public IReadOnlyList<Value> Parameters { get; }

    /// <summary>Nodes without a gradient that keep parameters before them from being trained.</summary>
    public IReadOnlyList<Node> Barriers { get; }

    /// <summary>Threads to work on, or null; results do not depend on them.</summary>
    public WorkerPool? Pool { get; init; }

    /// <summary>
    /// Whether runs also keep values that the backward pass does not need, for <see cref="FirstNotFinite"/> and <see
    /// cref="RootMeanSquare"/>.
    /// </summary>
    public bool KeepsAll { get; set; }

    /// <summary>The activations whose grids' ranges have gradients; set before the first run.</summary>
    public IReadOnlyList<Value> Ranged { get; set; } = [];

    /// <summary>At most how many samples a run may have.</summary>
    public int MostSamples => _plan.IsAlone ? 1 : _plan.TakesOne ? MostParts : int.MaxValue;

    /// <summary>Runs the graph and keeps the values that <see cref="Backward"/> needs.</summary>
    /// <param name="inputs">A tensor for each graph input; joined along the batch, also where the graph takes one sample at a time.</param>
    /// <returns>The values to differentiate, as computed; valid until the next run.</returns>
    public Tensor[] Forward(IReadOnlyList<Tensor> inputs, CancellationToken cancellation = default)
    {
        Round();
        Divide(inputs);
        _totals = [];
        // A single part's values lie in its own memory, which it reuses soon.
        if (_parts.Length == 1) Array.Clear(_computed);
        Each(p => _parts[p].Begin([.. inputs.Select(t => Slice(t, p))], Array.ConvertAll(_computed, t => t is null ? null : Slice(t, p)),
            KeepsAll));
        for (int begin = 0, end = _plan.NextStatistics(0); ; (begin, end) = (end, _plan.NextStatistics(end + 1)))
        {
            // The sums of what looks at the whole batch next are taken while what it reads is in cache.
            (int from, int to) = (begin, end);
            TapeNode? next = to < _plan.Nodes.Length ? _plan.Nodes[to] : null;
            var sums = new double[_parts.Length][];
            Each(p =>
            {
                for (int i = from; i < to; i++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    _parts[p].Forward(_plan.Nodes[i], _totals.GetValueOrDefault(_plan.Nodes[i]), cancellation);
                }

                if (next is not null) sums[p] = _parts[p].ForwardSums(next);
            });
            if (next is null) break;
            _totals[next] = Total(sums);
        }

        for (int i = 0; i < _computed.Length; i++)
        {
            // Objectives may look at the same value: parts have written it once.
            int first = Array.IndexOf(_plan.Outputs, _plan.Outputs[i]);
            _computed[i] = first < i ? _computed[first] : Whole(_plan.Outputs[i], _computed[i]);
        }

        return [.. _computed.Select(t => t!)];
    }

    /// <summary>The gradients of the parameters at the last run, given the gradients of the differentiated values.</summary>
    /// <param name="gradients">A gradient for each differentiated value, of its shape; null where it has none.</param>
    /// <returns>A gradient for each of <see cref="Parameters"/>, of its shape; valid until the next run.</returns>
    public Tensor[] Backward(IReadOnlyList<Tensor?> gradients, CancellationToken cancellation = default)
    {
        Each(p => _parts[p].BeginBackward([.. gradients.Select(g => g is null ? null : Slice(g, p))]));
        double[]? totals = null;
        for (int end = _plan.Nodes.Length, begin = _plan.BehindStatistics(end); ; (end, begin) = (begin, _plan.BehindStatistics(begin - 1)))
        {
            (int from, int to, double[]? own) = (begin, end, totals);
            TapeNode? next = from > 0 ? _plan.Nodes[from - 1] : null;
            var sums = new double[_parts.Length][];
            Each(p =>
            {
                for (int i = to - 1; i >= from; i--)
                {
                    cancellation.ThrowIfCancellationRequested();
                    TapeNode node = _plan.Nodes[i];
                    _parts[p].Backward(node, i == to - 1 && own is not null ? (_totals[node], own) : null);
                }

                if (next is not null) sums[p] = _parts[p].BackwardSums(next);
            });
            if (next is null) break;
            totals = Total(sums);
        }

        new PlaneJob(_results.Length, SumOfParts).Run(Pool);
        return _results;
    }

    /// <summary>The gradient of the range of a value's int8 grid, after <see cref="Backward"/>; 0 where none reached it.</summary>
    /// <param name="value">One of <see cref="Ranged"/>.</param>
    public RangeGradient RangeGradient(Value value)
    {
        int slot = _plan.Slot(value);
        RangeGradient sum = default;
        foreach (TapePart part in _parts) sum += part.RangeGradient(slot);
        return sum;
    }

    /// <summary>Moves the nodes' constant means and variances towards those of the last run's batch.</summary>
    public void FollowStatistics()
    {
        foreach ((TapeNode step, double[] sums) in _totals) step.Statistics!.Follow(step.Node, sums);
    }

    /// <summary>
    /// The first value of the last run with a non-finite element, or null. Not after <see cref="Backward"/>; the run <see
    /// cref="KeepsAll"/>.
    /// </summary>
    public Value? FirstNotFinite() => _plan.Nodes.SelectMany(n => n.Outputs).Where(slot => slot >= 0 && _parts.Any(p =>
        p.Computed(slot) is { Type: ElementType.Float32 } tensor
        && tensor.Span<float>().ContainsAnyExceptInRange(float.MinValue, float.MaxValue))).Select(slot => _plan.Values[slot])
            .FirstOrDefault();

    /// <summary>
    /// The root mean square of a value's elements in the last run. Not after <see cref="Backward"/>; the run <see cref="KeepsAll"/>.
    /// </summary>
    public double RootMeanSquare(Value value)
    {
        double sum = 0;
        long count = 0;
        foreach (TapePart part in _parts)
        {
            Tensor tensor = part.Computed(_plan.Slot(value))!;
            sum += FixedOrderSum.Dot(tensor.Span<float>(), tensor.Span<float>());
            count += tensor.Count;
        }

        return Math.Sqrt(sum / Math.Max(1, count));
    }

    private static IEnumerable<Value> ParametersOf(Node node) => Operator.Of(node) is not IDifferentiable op ? []
        : op.Parameters.Select(node.InputOrNull).OfType<Value>().Where(v => v is { IsConstant: true, Type: ElementType.Float32 });

    /// <summary>
    /// Whether a parameter is the bias of channels whose mean is subtracted right after. Its gradient is 0 but for rounding noise, which
    /// an optimizer that divides by the size of gradients would turn into steps.
    /// </summary>
    private static bool IsTakenAway(Node node, Value parameter, IReadOnlyList<Value> outputs) =>
        Operator.Of(node) is IDifferentiable { ChannelShift: >= 0 and var shift } && node.InputOrNull(shift) == parameter
        && parameter.Consumers.Count == 1
        && !outputs.Contains(node.Output) && node.Output.Consumers.Count > 0
        && node.Output.Consumers.All(n => Operator.Of(n) is IBatchStatistics && n.Input(0) == node.Output);

    /// <summary>Rounds the constants that were replaced since the last run.</summary>
    private void Round()
    {
        for (int slot = 0; slot < _constants.Length; slot++)
        {
            if (_plan.Values[slot].Constant is not { } constant || constant == _exact[slot]) continue;
            _exact[slot] = constant;
            _constants[slot] = _plan.Values[slot].Quantization?.Round(constant, Pool) ?? constant;
        }
    }

    /// <summary>Makes parts for a batch, unless the last had as many samples.</summary>
    private void Divide(IReadOnlyList<Tensor> inputs)
    {
        int batch = inputs.Count > 0 && inputs[0].Rank > 0 ? inputs[0].Dims[0] : 1;
        if (_bounds.Length > 0 && _bounds[^1] == batch) return;
        bool isDivisible = _plan.IsDivisible && inputs.All(t => t.Rank > 0 && t.Dims[0] == batch);
        int count = _plan.TakesOne ? batch : isDivisible ? Math.Clamp(batch, 1, MostParts) : 1;
        _bounds = [.. Enumerable.Range(0, count + 1).Select(p => (int)((long)batch * p / count))];
        HashSet<int> ranged = [.. Ranged.Select(_plan.Slot)];
        _parts = [.. Enumerable.Range(0, count)
            .Select(_ => new TapePart(_plan, _constants, ranged, count == 1 ? Pool : null, _isForwardOnly))];
        Array.Clear(_computed);
    }

    private void Each(Action<int> work)
    {
        if (_parts.Length == 1) work(0);
        else new PlaneJob(_parts.Length, work).Run(Pool);
    }

    private static double[] Total(double[][] parts)
    {
        double[] total = new double[parts.Max(s => s.Length)];
        foreach (double[] part in parts)
        {
            for (int i = 0; i < part.Length; i++) total[i] += part[i];
        }

        return total;
    }

    private Tensor Slice(Tensor tensor, int part) =>
        _parts.Length == 1 ? tensor : TrainingBatch.Slice(tensor, _bounds[part], _bounds[part + 1] - _bounds[part]);

    /// <summary>The parts' results of a value in one tensor: where they wrote it, or a copy.</summary>
    private Tensor Whole(int slot, Tensor? target)
    {
        if (_parts.Length == 1) return _parts[0].Computed(slot)!;
        Tensor[] pieces = [.. _parts.Select(p => p.Computed(slot)!)];
        int[] dims = [_bounds[^1], .. pieces[0].Dims[1..]];
        Tensor whole = target is not null && target.Dims.SequenceEqual(dims) ? target : Tensor.Zeros(pieces[0].Type, dims);
        if (whole == target) return whole;
        for (int p = 0; p < pieces.Length; p++) pieces[p].Bytes.CopyTo(Slice(whole, p).Bytes);
        return whole;
    }

    private void SumOfParts(int parameter)
    {
        int slot = _plan.Slot(Parameters[parameter]);
        Span<float> sum = _results[parameter].As<float>();
        sum.Clear();
        foreach (TapePart part in _parts)
        {
            if (part.Gradient(slot) is { } gradient) ElementRanges.Sum(sum, gradient.As<float>(), sum);
        }
    }
}
