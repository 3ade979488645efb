using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Finds numbers so far from computed values that a grid of both has no steps left for the values: a mask of −10⁹ added to attention
/// scores, or the border of a Pad that must never be the largest. Such a node and its readers stay in float until the number no longer
/// affects the range: after a Softmax, a Relu or a maximum. So do a layer whose bias is the mask and the sum with a computed mask.
/// </summary>
internal static class FarNumbers
{
    /// <summary>Why a node is left in float.</summary>
    public const string Reason = "a number is so large that int8 has no steps left for the other values";

    // The lowest float, which often stands for infinity, times three is infinite.
    private const float Endless = float.MaxValue / 1024;

    // All that is computed lies within one step.
    private const float Steps = 255;

    /// <summary>Finds the nodes that write or read values that a constant makes infinite, or next to: such a value has no range.</summary>
    public static HashSet<Node> Infinite(Graph graph)
    {
        HashSet<Node> found = [];
        HashSet<Value> infinite = [];
        foreach (Node node in graph.Nodes.Where(
            n => Operator.Of(n).Quantization != QuantizationRule.Weighted || n.Inputs.OfType<Value>().Any(infinite.Contains)))
        {
            if (!Constants(node).Any(IsInfinite) && !node.Inputs.OfType<Value>().Any(infinite.Contains)) continue;
            found.Add(node);
            if (!IsBounded(node)) infinite.UnionWith(IntegerForm.Results(graph, node));
        }

        return found;
    }

    /// <summary>Finds the nodes with a finite number that lies too far away.</summary>
    /// <param name="scheme">The layers to quantize if none stays in float.</param>
    /// <param name="ranges">The range of all that each activation of the scheme was.</param>
    public static HashSet<Node> Find(Graph graph, QuantizationScheme scheme, Func<Value, ValueRange> ranges)
    {
        HashSet<Node> found = [], quantized = [.. scheme.Nodes];
        foreach (Node node in scheme.Nodes)
        {
            bool isConstant = Stretches(node);
            HashSet<Node> readers = [];
            if (Near(node, isConstant) is > 0 and var near && Follow(node, near, isConstant, readers)) found.UnionWith(readers);
        }

        return found;

        // A computed mask may also be a residual far larger than its addend, unless all of it ends in a Softmax or the like.
        bool Follow(Node node, float near, bool isConstant, HashSet<Node> readers)
        {
            Value[] far = IntegerForm.Prescribed(node) is null
                ? [.. IntegerForm.Results(graph, node).Where(v => Width(v) > Steps * near)]
                : [];
            if (!readers.Add(node) || far.Length == 0) return readers.Count > 1;
            if (!isConstant && Array.Exists(far, graph.IsOutput)) return false;
            foreach (Node reader in far.SelectMany(v => v.Consumers).Where(quantized.Contains))
            {
                if (Operator.Of(reader).Quantization == QuantizationRule.Weighted)
                {
                    if (!isConstant) return false;
                    readers.Add(reader);
                }
                else if (!Follow(reader, near, isConstant, readers)) return false;
            }

            return true;
        }

        float Near(Node node, bool isConstant)
        {
            float[] widths = [.. IntegerForm.Data(node).Where(v => !v.IsConstant).Select(Width)];
            if (isConstant) return widths.Max();
            if (Operator.Of(node).Traits(node).HasFlag(OperatorTraits.Adds)) return widths.Min();
            bool hasBias = Operator.Of(node).Quantization == QuantizationRule.Weighted && node.InputOrNull(2) is { IsConstant: true };
            return hasBias && node.Input(1).Constant is { } weight ? LargestSum(weight, Operator.Of(node).WeightAxis(node)) * widths[0] : 0;
        }

        float Width(Value value) => ranges(value).Width;
    }

    /// <summary>The largest sum of magnitudes of the weights of an output channel.</summary>
    private static float LargestSum(Tensor weight, int axis)
    {
        var sums = new float[weight.Dims[axis]];
        int inner = 1;
        foreach (int dim in weight.Dims[(axis + 1)..]) inner *= dim;
        ReadOnlySpan<float> values = weight.Span<float>();
        for (int i = 0; i < values.Length; i++) sums[i / inner % sums.Length] += MathF.Abs(values[i]);
        return sums.Max();
    }

    /// <summary>Whether a constant of a node puts numbers into its result that nothing computes; a factor makes all of it larger.</summary>
    private static bool Stretches(Node node) =>
        (Operator.Of(node).Traits(node).HasFlag(OperatorTraits.Adds) || Operator.Of(node).Fill(node) is not null) && Constants(node).Any();

    private static bool IsBounded(Node node) => Operator.Of(node).Traits(node).HasFlag(OperatorTraits.HidesFarNumbers);

    /// <summary>The constants that a node computes or fills with.</summary>
    private static IEnumerable<Tensor> Constants(Node node) =>
        IntegerForm.Sources(node).Select(v => v.Constant).OfType<Tensor>().Where(c => c.Type == ElementType.Float32);

    private static bool IsInfinite(Tensor constant)
    {
        bool any = false;
        foreach (float value in constant.Span<float>())
        {
            if (float.IsNaN(value)) return false;
            any |= MathF.Abs(value) >= Endless;
        }

        return any;
    }
}
