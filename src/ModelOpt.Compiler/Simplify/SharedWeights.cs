using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Simplify;

/// <summary>
/// Layers that multiply by one weight, as the branches of a siamese network do. The weight is changed once, for all of them. <see
/// cref="WeightSharing"/> ensures that they can be treated alike.
/// </summary>
internal static class SharedWeights
{
    /// <summary>The layers that multiply by a layer's weight, itself among them.</summary>
    public static IReadOnlyList<Node> LayersOf(Node layer) =>
        layer.Input(1).Consumers.Count == 1
        ? [layer]
        : [.. layer.Input(1).Consumers.Where(n => n.InputOrNull(1) == layer.Input(1)).Distinct()];

    /// <summary>Whether other layers multiply by the same weight.</summary>
    public static bool IsShared(Node layer) => LayersOf(layer).Count > 1;

    /// <summary>The first layer of each weight.</summary>
    public static IEnumerable<Node> First(IEnumerable<Node> layers) => layers.DistinctBy(n => n.Input(1));

    /// <summary>Gives a layer, and those that share its weight, another weight and a bias that was fitted to it.</summary>
    /// <param name="layer">A Conv or Gemm.</param>
    /// <param name="weight">The new weight, of the same shape.</param>
    /// <returns>False, and nothing changed, where an element is not finite.</returns>
    public static bool SetConstants(Graph graph, Node layer, float[] weight, float[] bias)
    {
        if (!Array.TrueForAll(weight, float.IsFinite) || !Array.TrueForAll(bias, float.IsFinite)) return false;
        SetBias(graph, layer, bias);
        Node[] others = [.. LayersOf(layer).Where(n => n != layer)];
        Value changed = graph.ReplaceConstant(layer, 1, Tensor.Of<float>(layer.Input(1).Constant!.Dims, weight));
        foreach (Node other in others) other.SetInput(1, changed);
        return true;
    }

    /// <summary>Gives a layer another bias, and changes that of each layer that shares its weight by as much.</summary>
    /// <param name="layer">A Conv or Gemm.</param>
    public static void SetBias(Graph graph, Node layer, float[] bias)
    {
        float[] before = BiasOf(layer);
        foreach (Node other in LayersOf(layer).Where(n => n != layer))
            OutputAffine.SetBias(graph, other, [.. BiasOf(other).Select((b, c) => b + (bias[c] - before[c]))]);
        OutputAffine.SetBias(graph, layer, bias);
    }

    /// <summary>The bias of a layer; zeros where it has none.</summary>
    /// <param name="layer">A Conv or Gemm whose bias, if any, is constant.</param>
    public static float[] BiasOf(Node layer)
    {
        int outputs = layer.Input(1).Constant!.Dims[0];
        if (layer.InputOrNull(2)?.Constant is not { } bias) return new float[outputs];
        float[] values = bias.Span<float>().ToArray();
        return values.Length == outputs ? values : [.. Enumerable.Repeat(values[0], outputs)];
    }

    /// <summary>Lets layers of one kind that multiply by equal weights share one.</summary>
    /// <returns>How many layers got the weight of another.</returns>
    public static int Merge(Graph graph)
    {
        Dictionary<(string Type, int Count, int Sample), List<Value>> known = [];
        int changes = 0;
        foreach (Node layer in graph.Nodes.Where(IsLayer))
        {
            Value weight = layer.Input(1);
            Tensor tensor = weight.Constant!;
            HashCode sample = default;
            sample.AddBytes(tensor.Bytes.Span[..Math.Min(256, tensor.Bytes.Length)]);
            (string, int, int) key = (layer.Type, tensor.Count, sample.ToHashCode());
            if (!known.TryGetValue(key, out List<Value>? alike)) known[key] = alike = [];
            Value? same = alike.Find(v => v == weight
                || (Equals(v.Constraints, weight.Constraints) && v.Constant!.Shape.Equals(tensor.Shape)
                && v.Constant.Bytes.Span.SequenceEqual(tensor.Bytes.Span)));
            if (same is null) alike.Add(weight);
            if (same is null || same == weight) continue;
            layer.SetInput(1, same);
            changes++;
        }

        return changes;
    }

    /// <summary>Whether a node multiplies by a weight that can be shared.</summary>
    public static bool IsLayer(Node node) =>
        Operator.Find(node)?.Quantization == QuantizationRule.Weighted
        && node.InputOrNull(1) is { Constant: { Type: ElementType.Float32, Rank: >= 2 }, Quantization: null }
        && node.InputOrNull(0) != node.Input(1);
}
