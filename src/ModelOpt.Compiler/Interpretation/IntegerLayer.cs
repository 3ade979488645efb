using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Interpretation;

/// <summary>
/// A layer whose operands and result are annotated, computed on the integers themselves (held in float32, exact below
/// 2^24): sums of products, then <c>rint(sum · m)</c> with <c>m = (s_x·s_w)/s_y</c> in float32, as the int8 kernels do.
/// Rounding the float result instead would fall on the other side of a tie now and then, which deep networks amplify.
/// </summary>
internal sealed class IntegerLayer
{
    private readonly Node _node;
    private readonly Quantization _input;
    private readonly Quantization _output;
    private readonly Tensor _weight;
    private readonly Tensor? _bias;
    private readonly float[] _multipliers;

    private IntegerLayer(Node node, Quantization output)
    {
        Quantization weight = node.Input(1).Quantization!;
        (_node, _input, _output) = (node, node.Input(0).Quantization!, output);
        _weight = Integers(weight, node.Input(1).Constant!);
        _bias = node.InputOrNull(2) is { } value ? Integers(value.Quantization!, value.Constant!) : null;
        _multipliers = [.. weight.Scales.Select(scale => _input.Scale * scale / output.Scale)];
    }

    /// <summary>The layer of a node, or null where it does not run in integers.</summary>
    public static IntegerLayer? Of(Graph graph, Node node)
    {
        if (Operator.Of(node).Quantization != QuantizationRule.Weighted || !node.Input(1).IsConstant) return null;
        return IntegerForm.Is(graph, node) ? new IntegerLayer(node, IntegerForm.Results(graph, node).Single().Quantization!) : null;
    }

    /// <summary>The layer's result in whole steps of its grid, not yet clamped: a fused activation may come first.</summary>
    /// <param name="arena">Where memory comes from, or null.</param>
    /// <param name="pool">Threads, or null.</param>
    public Tensor Forward(Tensor x, TensorArena? arena, WorkerPool? pool, CancellationToken cancellation)
    {
        Tensor steps = arena?.Rent(_node, ElementType.Float32, x.Dims) ?? Tensor.Zeros(ElementType.Float32, x.Dims);
        ElementRanges.Run(x.Count, pool, (start, length) =>
        {
            ReadOnlySpan<float> from = x.Span<float>().Slice(start, length);
            Span<float> to = steps.Span<float>().Slice(start, length);
            for (int i = 0; i < to.Length; i++) to[i] = MathF.Round(from[i] / _input.Scale);
        });

        Tensor?[] operands = _bias is null ? [steps, _weight] : [steps, _weight, _bias];
        var context = new ForwardContext(_node, operands, cancellation) { Pool = pool, Arena = arena };
        Operator.Of(_node).Forward(context);
        if (arena?.OwnerOf(steps) is { } memory) arena.Return(memory);
        Requantize(context.Outputs[0]!, pool);
        return context.Outputs[0]!;
    }

    private void Requantize(Tensor sums, WorkerPool? pool)
    {
        int axis = _node.Type == "Conv" ? 1 : sums.Rank - 1, inner = 1;
        foreach (int dim in sums.Dims[(axis + 1)..]) inner *= dim;
        // The product of two vectors is a scalar.
        int channels = axis < 0 ? 1 : sums.Dims[axis], pixels = channels * inner;
        new PlaneJob(pixels == 0 ? 0 : sums.Count / pixels, part =>
        {
            Span<float> values = sums.Span<float>().Slice(part * pixels, pixels);
            for (int c = 0; c < channels; c++)
            {
                float multiplier = _multipliers[_multipliers.Length == 1 ? 0 : c];
                foreach (ref float value in values.Slice(c * inner, inner))
                    value = MathF.Round(value * multiplier) * _output.Scale;
            }
        }).Run(pool);
    }

    private static Tensor Integers(Quantization grid, Tensor constant) =>
        Casting.To(grid.Quantize(constant), ElementType.Float32);
}
