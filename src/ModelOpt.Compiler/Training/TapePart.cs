using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Activations;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Training;

/// <summary>
/// The forward and backward pass of some samples of a batch. It reuses the memory of values that the backward pass no longer needs, so
/// that it touches little more than a cache holds.
/// </summary>
/// <param name="constants">The constants by slot, rounded to their grids; null for what is computed.</param>
/// <param name="pool">Threads within operators, or null.</param>
/// <param name="isForwardOnly">Whether there is no way back, so that what nothing reads any more is memory for what comes next.</param>
internal sealed class TapePart(TapePlan plan, Tensor?[] constants, HashSet<int> ranged, WorkerPool? pool, bool isForwardOnly)
{
    private readonly TensorArena _arena = new();
    private readonly Tensor?[] _computed = new Tensor?[plan.Values.Count];
    private readonly Tensor?[] _unrounded = new Tensor?[plan.Values.Count];
    private readonly Tensor?[] _open = new Tensor?[plan.Values.Count];
    private readonly Tensor?[] _targets = new Tensor?[plan.Values.Count];
    private readonly RangeGradient[] _ranges = new RangeGradient[plan.Values.Count];

    private bool _isKeepingAll;

    // The backward sums of the operator that comes next.
    private double[] _sums = [];

    /// <summary>The value of a slot, rounded to its grid; null if it was not computed or is no longer kept.</summary>
    public Tensor? Computed(int slot) => _computed[slot];

    /// <summary>The gradient of a slot after the way back; null where it has none.</summary>
    public Tensor? Gradient(int slot) => _open[slot];

    /// <summary>The gradient of the range of a slot's int8 grid after the way back.</summary>
    public RangeGradient RangeGradient(int slot) => _ranges[slot];

    /// <summary>Begins a run.</summary>
    /// <param name="inputs">The samples, a tensor for each graph input.</param>
    /// <param name="results">Where the values to differentiate would best be written; null where that is not known yet.</param>
    /// <param name="keepsAll">Whether also what is not looked at on the way back is kept.</param>
    public void Begin(IReadOnlyList<Tensor> inputs, Tensor?[] results, bool keepsAll)
    {
        _isKeepingAll = keepsAll;
        Array.Clear(_computed);
        Array.Clear(_unrounded);
        Array.Clear(_open);
        Array.Clear(_targets);
        Array.Clear(_ranges);
        _arena.Reset();
        for (int i = 0; i < results.Length; i++) _targets[plan.Outputs[i]] = results[i];
        for (int i = 0; i < inputs.Count; i++) Keep(plan.Nodes.Length == 0 ? null : plan.Nodes[0].Node, plan.Inputs[i], inputs[i]);
    }

    /// <summary>Computes a node.</summary>
    /// <param name="totals">The sums of an operator that looks at the whole batch.</param>
    public void Forward(TapeNode step, double[]? totals, CancellationToken cancellation)
    {
        ForwardContext context = Reading(step, cancellation);
        context.Target = step.Outputs[0] >= 0 && plan.Values[step.Outputs[0]].Quantization is null ? _targets[step.Outputs[0]] : null;
        Guard.Run(step.Node, () =>
        {
            if (totals is null) step.Operator.Forward(context);
            else step.Statistics!.Forward(context, totals);
        });
        for (int i = 0; i < step.Outputs.Length; i++)
        {
            if (step.Outputs[i] < 0) continue;
            Keep(step.Node, step.Outputs[i], context.Outputs[i] ?? throw GraphDiagnostics.UnsupportedForm.Error(
                step.Node.Label, step.Node.Type, $"its output {i} is not computed"));
        }

        if (_isKeepingAll) return;
        foreach (int slot in isForwardOnly ? step.Ended : step.Dropped)
        {
            // The backward pass through a grid needs the values before rounding.
            if (!isForwardOnly && plan.Values[slot].Quantization is not null) continue;
            (Tensor? value, Tensor? exact) = (_computed[slot], _unrounded[slot]);
            _computed[slot] = _unrounded[slot] = null;
            Free(value);
            Free(exact);
        }
    }

    /// <summary>The sums that an operator gives before <see cref="Forward"/>.</summary>
    public double[] ForwardSums(TapeNode step)
    {
        double[] given = [];
        ForwardContext context = Reading(step, default);
        Guard.Run(step.Node, () => given = step.Statistics!.Sums(context));
        return given;
    }

    /// <summary>Begins the way back.</summary>
    /// <param name="gradients">A gradient for each differentiated value; null where it has none.</param>
    public void BeginBackward(Tensor?[] gradients)
    {
        for (int i = 0; i < gradients.Length; i++)
        {
            if (gradients[i] is { } gradient) Add(plan.Nodes[^1].Node, plan.Outputs[i], gradient);
        }
    }

    /// <summary>The sums that an operator gives before <see cref="Backward"/>.</summary>
    /// <returns>The sums; empty where no gradient reaches it.</returns>
    public double[] BackwardSums(TapeNode step)
    {
        _sums = [];
        if (!step.IsDifferentiated || _open[step.Outputs[0]] is not { } gradient) return _sums;
        // Passed back through the rounding now, and not again.
        int slot = step.Outputs[0];
        _open[slot] = Rounded(step.Node, slot, gradient);
        _unrounded[slot] = null;
        var context = Context(step, [_open[slot]]);
        Guard.Run(step.Node, () => _sums = step.Statistics!.Sums(context));
        return _sums;
    }

    /// <summary>Passes the gradients of a node's outputs back to its inputs.</summary>
    /// <param name="totals">The forward and backward sums of an operator that looks at the whole batch.</param>
    public void Backward(TapeNode step, (double[] Forward, double[] Backward)? totals)
    {
        var given = new Tensor?[step.Outputs.Length];
        var before = new Tensor?[given.Length];
        bool any = false;
        for (int i = 0; i < given.Length; i++)
        {
            int slot = step.Outputs[i];
            if (slot < 0 || _open[slot] is not { } gradient) continue;
            any = true;
            before[i] = gradient;
            _open[slot] = null;
            if (step.IsDifferentiated) given[i] = Rounded(step.Node, slot, gradient);
        }

        if (any && step.IsDifferentiated)
        {
            BackwardContext context = Context(step, given);
            Guard.Run(step.Node, () =>
            {
                if (totals is { } all) step.Statistics!.Backward(context, all.Forward, all.Backward, _sums);
                else ((IDifferentiable)step.Operator).Backward(context);
            });
            for (int i = 0; i < step.Asked.Length; i++)
            {
                if (step.Asked[i] && context.Gradients[i] is { } gradient) Add(step.Node, step.Inputs[i], gradient);
            }

            foreach (Tensor? gradient in context.Gradients) Free(gradient);
        }

        for (int i = 0; i < given.Length; i++)
        {
            Free(given[i]);
            Free(before[i]);
            int slot = step.Outputs[i];
            if (slot < 0 || Array.IndexOf(plan.Outputs, slot) >= 0) continue;
            (Tensor? value, Tensor? exact) = (_computed[slot], _unrounded[slot]);
            _computed[slot] = _unrounded[slot] = null;
            Free(value);
            Free(exact);
        }
    }

    private ForwardContext Reading(TapeNode step, CancellationToken cancellation) =>
        new(step.Node, Array.ConvertAll(step.Inputs, TensorOf), cancellation) { Pool = pool, Arena = _arena, IsTraining = true };

    private BackwardContext Context(TapeNode step, Tensor?[] given) => new(
        step.Node, Array.ConvertAll(step.Inputs, TensorOf),
        Array.ConvertAll(step.Outputs, s => s < 0 ? null : _unrounded[s] ?? TensorOf(s)), given, step.Asked)
    {
        Pool = pool, Arena = _arena,
    };

    private Tensor? TensorOf(int slot) => slot < 0 ? null : constants[slot] ?? _computed[slot];

    private void Keep(Node? node, int slot, Tensor tensor)
    {
        Tensor? target = _targets[slot] is { } t && t.Type == tensor.Type && t.Dims.SequenceEqual(tensor.Dims) ? t : null;
        if (plan.Values[slot].Quantization is { } grid)
        {
            _unrounded[slot] = tensor;
            Tensor rounded = target ?? _arena.Rent(node!, ElementType.Float32, tensor.Dims);
            grid.Round(tensor, rounded, pool);
            tensor = rounded;
        }
        else if (target is not null && target != tensor)
        {
            tensor.Bytes.CopyTo(target.Bytes);
            tensor = target;
        }

        _computed[slot] = tensor;
    }

    /// <summary>The gradient of a value before it was rounded to its grid.</summary>
    private Tensor Rounded(Node node, int slot, Tensor gradient)
    {
        if (_unrounded[slot] is not { } before || plan.Values[slot].Quantization is not { IsPerTensor: true } grid) return gradient;
        (int least, int most) = QuantizationMath.Range(grid.Type);
        float low = (least - grid.ZeroPoint) * grid.Scale, high = (most - grid.ZeroPoint) * grid.Scale, half = grid.Scale / 2;
        if (ranged.Contains(slot))
            _ranges[slot] = Training.RangeGradient.Of(
                before.As<float>(), _computed[slot]!.As<float>(), gradient.As<float>(), low, high, half);
        Tensor result = _arena.Rent(node, ElementType.Float32, gradient.Dims);
        ElementRanges.Run(result.Count, pool, (start, length) => Clip.Gradient(
            before.As<float>().Slice(start, length), low - half, high + half, gradient.As<float>().Slice(start, length),
            result.As<float>().Slice(start, length)));
        return result;
    }

    /// <summary>A value's gradient is the sum of those from its readers. Gradients may be shared, so sums are new tensors.</summary>
    private void Add(Node node, int slot, Tensor gradient)
    {
        if (_open[slot] is not { } other)
        {
            _open[slot] = gradient;
            return;
        }

        Tensor sum = _arena.Rent(node, ElementType.Float32, gradient.Dims);
        ElementRanges.Run(sum.Count, pool, (start, length) => ElementRanges.Sum(
            other.As<float>().Slice(start, length), gradient.As<float>().Slice(start, length), sum.As<float>().Slice(start, length)));
        _open[slot] = sum;
        Free(other);
    }

    /// <summary>Takes back the memory of a tensor, if nothing that is still needed lies in it.</summary>
    private void Free(Tensor? tensor)
    {
        if (tensor is null || _arena.OwnerOf(tensor) is not { } buffer || IsIn(_open) || IsIn(_computed) || IsIn(_unrounded)) return;
        _arena.Return(buffer);

        bool IsIn(Tensor?[] kept)
        {
            foreach (Tensor? other in kept)
            {
                if (other is not null && TensorArena.ArrayOf(other) == buffer) return true;
            }

            return false;
        }
    }
}
