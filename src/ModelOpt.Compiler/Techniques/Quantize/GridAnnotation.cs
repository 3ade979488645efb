using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>Writes a <see cref="QuantizationScheme"/> into the graph: every value gets its scale and zero point.</summary>
internal static class GridAnnotation
{
    // The scale of a channel with tiny weights, relative to the largest: fine enough for its bias, which may be all that the channel has,
    // and not so fine that the multiplier vanishes in TFLite's fixed point (2^-31).
    private const float LeastOfLargest = 1f / (1 << 16);

    /// <summary>Annotates activations, then weights, then biases, and rounds the constants to their grids.</summary>
    public static void Apply(Graph graph, QuantizationScheme scheme, Func<Value, ValueRange> ranges)
    {
        HashSet<Node> quantized = [.. scheme.Nodes];
        foreach (IReadOnlyList<Value> group in scheme.Groups)
        {
            Quantization quantization = GridOf(group, quantized.Contains, ranges);
            foreach (Value value in group) value.Quantization = quantization;
        }

        foreach (Node node in scheme.Nodes)
        {
            if (Operator.Of(node).Quantization == QuantizationRule.Weighted && node.Input(1).IsConstant) Weighted(graph, node, quantized);
            else Constants(graph, node);
        }
    }

    /// <summary>The grid of values that share one: a prescribed one, or that of their ranges.</summary>
    /// <param name="isInt8">Whether a node is to run in int8.</param>
    public static Quantization GridOf(IReadOnlyList<Value> group, Func<Node, bool> isInt8, Func<Value, ValueRange> ranges) =>
        group.Select(v => IntegerForm.Prescribed(v, isInt8)).FirstOrDefault(q => q is not null)
        ?? group.Select(ranges).Aggregate((a, b) => a.Union(b)).ToQuantization();

    private static void Weighted(Graph graph, Node node, HashSet<Node> quantized)
    {
        IReadOnlyList<Node> sharing = SharedWeights.LayersOf(node);
        bool isShared = node.Input(1).Consumers.Count == sharing.Count && sharing.All(quantized.Contains);
        // One grid serves all layers with the weight, the file's where kernels take it; a technique's is made coarse enough for biases.
        if (!isShared || node.Input(1) is { Quantization: null } or { Constraints: not null } || !IntegerForm.HasIntegerWeight(node))
            Store(graph, node, isShared ? sharing : [node]);
        if (node.InputOrNull(2) is null) return;
        graph.OwnConstant(node, 2);
        WeightGrid.FollowBias(node);
    }

    private static void Store(Graph graph, Node node, IReadOnlyList<Node> sharing)
    {
        int axis = Operator.Of(node).WeightAxis(node);
        Value weight = sharing.Count > 1 ? node.Input(1) : graph.OwnConstant(node, 1);
        float[] smallest = new float[axis < 0 ? 1 : weight.Constant!.Dims[axis]];
        Array.Fill(smallest, WeightGrid.Symmetric(weight.Constant!, -1).Scale * LeastOfLargest);
        foreach (Node layer in sharing)
        {
            float inputScale = layer.Input(0).Quantization!.Scale;
            Tensor? bias = layer.InputOrNull(2)?.Constant;
            for (int i = 0; bias is not null && i < bias.Count; i++)
            {
                ref float least = ref smallest[smallest.Length == bias.Count ? i : 0];
                least = MathF.Max(least, MathF.Abs(bias.Span<float>()[i]) / (inputScale * IntegerForm.MaxBiasSteps));
            }
        }

        WeightGrid.CheckFinite(weight);
        WeightGrid.Store(weight, axis, smallest);
    }

    private static void Constants(Graph graph, Node node)
    {
        int data = Math.Min(Operator.Of(node).DataInputs, node.Inputs.Count);
        for (int i = 0; i < data; i++)
        {
            if (node.Inputs[i] is not { IsConstant: true, Type: ElementType.Float32 }) continue;
            Value constant = graph.OwnConstant(node, i);
            WeightGrid.CheckFinite(constant);
            // A Concat's or a mover's constant lies on the grid that its output has.
            WeightGrid.Round(constant, IntegerForm.IsMover(node) ? node.Output.Quantization! : WeightGrid.Asymmetric(constant.Constant!));
        }
    }
}
