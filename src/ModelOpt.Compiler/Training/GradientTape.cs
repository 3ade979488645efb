using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.MatrixProducts;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Pooling;
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

    private readonly TapePlan plan;
    private readonly bool isForwardOnly;
    private readonly Tensor?[] constants;
    private readonly Tensor?[] exact;
    private readonly Tensor[] results;
    private TapePart[] parts = [];
    private int[] bounds = [];
    private Tensor?[] computed;
    private Dictionary<TapeNode, double[]> totals = [];

    /// <summary>Prepares a graph, whose nodes stay as they are from then on; constants may be replaced between runs.</summary>
    /// <param name="graph">The graph, sorted.</param>
    /// <param name="outputs">The values to differentiate.</param>
    /// <param name="batchStatistics">
    /// Whether BatchNormalization normalizes by mean and variance of the batch, and passes gradients through them, instead of by those
    /// it has as constants; <see cref="FollowStatistics"/> then moves these.
    /// </param>
    /// <param name="isForwardOnly">Whether nothing is differentiated, which takes less memory.</param>
    public GradientTape(Graph graph, IReadOnlyList<Value> outputs, bool batchStatistics = false, bool isForwardOnly = false)
    {
        this.isForwardOnly = isForwardOnly;
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
        plan = new TapePlan(graph, outputs, [.. trainable.Where(reached.Contains)], batchStatistics);
        constants = new Tensor?[plan.Values.Count];
        exact = new Tensor?[plan.Values.Count];
        computed = new Tensor?[plan.Outputs.Length];
        results = [.. parameters.Select(p => Tensor.Zeros(ElementType.Float32, p.Constant!.Dims))];
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
    public int MostSamples => plan.IsAlone ? 1 : plan.TakesOne ? MostParts : int.MaxValue;

    /// <summary>Runs the graph and keeps the values that <see cref="Backward"/> needs.</summary>
    /// <param name="inputs">A tensor for each graph input; joined along the batch, also where the graph takes one sample at a time.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <returns>The values to differentiate, as computed; valid until the next run.</returns>
    public Tensor[] Forward(IReadOnlyList<Tensor> inputs, CancellationToken cancellation = default)
    {
        Round();
        Divide(inputs);
        totals = [];
        // A single part's values lie in its own memory, which it reuses soon.
        if (parts.Length == 1) Array.Clear(computed);
        Each(p => parts[p].Begin([.. inputs.Select(t => Slice(t, p))], Array.ConvertAll(computed, t => t is null ? null : Slice(t, p)), KeepsAll));
        for (int begin = 0, end; begin < plan.Nodes.Length; begin = end)
        {
            TapeNode first = plan.Nodes[begin];
            if (first.Statistics is not null) totals[first] = Total(p => parts[p].ForwardSums(first));
            end = begin + 1;
            while (end < plan.Nodes.Length && plan.Nodes[end].Statistics is null) end++;
            (int from, int to) = (begin, end);
            Each(p =>
            {
                for (int i = from; i < to; i++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    parts[p].Forward(plan.Nodes[i], totals.GetValueOrDefault(plan.Nodes[i]), cancellation);
                }
            });
        }

        for (int i = 0; i < computed.Length; i++)
        {
            // Objectives may look at the same value: parts have written it once.
            int first = Array.IndexOf(plan.Outputs, plan.Outputs[i]);
            computed[i] = first < i ? computed[first] : Whole(plan.Outputs[i], computed[i]);
        }

        return [.. computed.Select(t => t!)];
    }

    /// <summary>The gradients of the parameters at the last run, given the gradients of the differentiated values.</summary>
    /// <param name="gradients">A gradient for each differentiated value, of its shape; null where it has none.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <returns>A gradient for each of <see cref="Parameters"/>, of its shape; valid until the next run.</returns>
    public Tensor[] Backward(IReadOnlyList<Tensor?> gradients, CancellationToken cancellation = default)
    {
        Each(p => parts[p].BeginBackward([.. gradients.Select(g => g is null ? null : Slice(g, p))]));
        for (int end = plan.Nodes.Length, begin; end > 0; end = begin)
        {
            TapeNode last = plan.Nodes[end - 1];
            double[]? sums = last.Statistics is null ? null : Total(p => parts[p].BackwardSums(last));
            begin = end - 1;
            while (begin > 0 && plan.Nodes[begin - 1].Statistics is null) begin--;
            (int from, int to) = (begin, end);
            Each(p =>
            {
                for (int i = to - 1; i >= from; i--)
                {
                    cancellation.ThrowIfCancellationRequested();
                    parts[p].Backward(plan.Nodes[i], plan.Nodes[i] == last && sums is not null ? (totals[last], sums) : null);
                }
            });
        }

        new PlaneJob(results.Length, SumOfParts).Run(Pool);
        return results;
    }

    /// <summary>The gradient of the range of a value's int8 grid, after <see cref="Backward"/>; 0 where none reached it.</summary>
    /// <param name="value">One of <see cref="Ranged"/>.</param>
    public RangeGradient RangeGradient(Value value)
    {
        int slot = plan.Slot(value);
        RangeGradient sum = default;
        foreach (TapePart part in parts) sum += part.RangeGradient(slot);
        return sum;
    }

    /// <summary>Moves the nodes' constant means and variances towards those of the last run's batch.</summary>
    public void FollowStatistics()
    {
        foreach ((TapeNode step, double[] sums) in totals) step.Statistics!.Follow(step.Node, sums);
    }

    /// <summary>
    /// The first value of the last run with a non-finite element, or null. Not after <see cref="Backward"/>; the run <see
    /// cref="KeepsAll"/>.
    /// </summary>
    public Value? FirstNotFinite() => plan.Nodes.SelectMany(n => n.Outputs).Where(slot => slot >= 0 && parts.Any(p =>
        p.Computed(slot) is { Type: ElementType.Float32 } tensor
        && tensor.Span<float>().ContainsAnyExceptInRange(float.MinValue, float.MaxValue))).Select(slot => plan.Values[slot]).FirstOrDefault();

    /// <summary>
    /// The root mean square of a value's elements in the last run. Not after <see cref="Backward"/>; the run <see cref="KeepsAll"/>.
    /// </summary>
    /// <param name="value">A computed value.</param>
    public double RootMeanSquare(Value value)
    {
        double sum = 0;
        long count = 0;
        foreach (TapePart part in parts)
        {
            Tensor tensor = part.Computed(plan.Slot(value))!;
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
        node.Type is "Conv" or "ConvTranspose" && node.InputOrNull(2) == parameter && parameter.Consumers.Count == 1
        && !outputs.Contains(node.Output) && node.Output.Consumers.Count > 0
        && node.Output.Consumers.All(n => Operator.Of(n) is IBatchStatistics && n.Input(0) == node.Output);

    /// <summary>Rounds the constants that were replaced since the last run.</summary>
    private void Round()
    {
        for (int slot = 0; slot < constants.Length; slot++)
        {
            if (plan.Values[slot].Constant is not { } constant || constant == exact[slot]) continue;
            exact[slot] = constant;
            constants[slot] = plan.Values[slot].Quantization?.Round(constant, Pool) ?? constant;
        }
    }

    /// <summary>Makes parts for a batch, unless the last had as many samples.</summary>
    private void Divide(IReadOnlyList<Tensor> inputs)
    {
        int batch = inputs.Count > 0 && inputs[0].Rank > 0 ? inputs[0].Dims[0] : 1;
        if (bounds.Length > 0 && bounds[^1] == batch) return;
        bool isDivisible = plan.IsDivisible && inputs.All(t => t.Rank > 0 && t.Dims[0] == batch);
        int count = plan.TakesOne ? batch : isDivisible ? Math.Clamp(batch, 1, MostParts) : 1;
        bounds = [.. Enumerable.Range(0, count + 1).Select(p => (int)((long)batch * p / count))];
        HashSet<int> ranged = [.. Ranged.Select(plan.Slot)];
        parts = [.. Enumerable.Range(0, count).Select(_ => new TapePart(plan, constants, ranged, count == 1 ? Pool : null, isForwardOnly))];
        Array.Clear(computed);
    }

    private void Each(Action<int> work)
    {
        if (parts.Length == 1) work(0);
        else new PlaneJob(parts.Length, work).Run(Pool);
    }

    private double[] Total(Func<int, double[]> sums)
    {
        double[][] all = new double[parts.Length][];
        Each(p => all[p] = sums(p));
        double[] total = new double[all.Max(s => s.Length)];
        foreach (double[] part in all)
        {
            for (int i = 0; i < part.Length; i++) total[i] += part[i];
        }

        return total;
    }

    private Tensor Slice(Tensor tensor, int part) =>
        parts.Length == 1 ? tensor : TrainingBatch.Slice(tensor, bounds[part], bounds[part + 1] - bounds[part]);

    /// <summary>The parts' results of a value in one tensor: where they wrote it, or a copy.</summary>
    private Tensor Whole(int slot, Tensor? target)
    {
        if (parts.Length == 1) return parts[0].Computed(slot)!;
        Tensor[] pieces = [.. parts.Select(p => p.Computed(slot)!)];
        int[] dims = [bounds[^1], .. pieces[0].Dims[1..]];
        Tensor whole = target is not null && target.Dims.SequenceEqual(dims) ? target : Tensor.Zeros(pieces[0].Type, dims);
        if (whole == target) return whole;
        for (int p = 0; p < pieces.Length; p++) pieces[p].Bytes.CopyTo(Slice(whole, p).Bytes);
        return whole;
    }

    private void SumOfParts(int parameter)
    {
        int slot = plan.Slot(Parameters[parameter]);
        Span<float> sum = results[parameter].As<float>();
        sum.Clear();
        foreach (TapePart part in parts)
        {
            if (part.Gradient(slot) is { } gradient) ElementRanges.Sum(sum, gradient.As<float>(), sum);
        }
    }
}
