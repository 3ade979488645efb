using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>
/// Recognizes layers that were quantized dynamically: a DynamicQuantizeLinear, a MatMulInteger or ConvInteger, a Cast, and a Mul by both
/// scales. They become layers of floats with the weights that the integers stand for. What was rounded by its own range when the model ran
/// is no longer rounded; where the model is quantized to int8, calibration finds its range.
/// </summary>
internal static class DynamicLayers
{
    private const string Dynamic = "DynamicQuantizeLinear";

    /// <summary>Replaces all that are recognized.</summary>
    /// <param name="graph">The graph, sorted, before its nodes are rewritten.</param>
    public static void Apply(Graph graph)
    {
        int changes = 0;
        foreach (Node node in graph.Nodes.ToArray())
        {
            bool changed = node.Type switch
            {
                "MatMulInteger" when node.Domain.Length == 0 => Replace(graph, node, "MatMul"),
                "ConvInteger" when node.Domain.Length == 0 => Replace(graph, node, "Conv"),
                "MatMulIntegerToFloat" when node.Domain == NodeRewrite.Microsoft => ReplaceProduct(graph, node),
                _ => false,
            };
            changes += changed ? 1 : 0;
        }

        if (changes > 0) UnreadRemoval.Apply(graph);
    }

    private static bool Replace(Graph graph, Node node, string layer)
    {
        if (OnlyReader(graph, node.Output) is not { Type: "Cast" } cast || cast.Int("to", 0) != (long)ElementType.Float32) return false;
        if (OnlyReader(graph, cast.Output) is not { Type: "Mul" } mul || mul.Inputs.Count != 2) return false;
        Value? scales = mul.InputOrNull(mul.InputOrNull(0) == cast.Output ? 1 : 0);
        if (Restored(node, 0, 2) is not { } x || scales?.Producer is not { Type: "Mul", Domain.Length: 0 } product) return false;
        Value? own = node.Input(0).Producer!.Outputs[1];
        if (product.Inputs.Count != 2 || !product.Inputs.Contains(own)) return false;
        Value? scale = product.InputOrNull(product.InputOrNull(0) == own ? 1 : 0);
        if (scale is null || Weight(graph, node, scale, 1, 3, layer == "Conv" ? 0 : -1, mul) is not { } weight) return false;
        Node added = graph.InsertBefore(mul, new Node(layer, node.Name, [x, weight], []));
        foreach ((string name, object value) in node.Attributes) added.Attributes.Add(name, value);
        TakeOver(graph, mul, added);
        return true;
    }

    private static bool ReplaceProduct(Graph graph, Node node)
    {
        if (node.Inputs.Count < 4 || Restored(node, 0, 4) is not { } a) return false;
        if (node.Input(0).Producer!.Outputs[1] != node.InputOrNull(2)) return false;
        if (node.InputOrNull(3) is not { } scale || Weight(graph, node, scale, 1, 5, -1, node) is not { } b) return false;
        if (node.InputOrNull(6) is not { } bias) TakeOver(graph, node, graph.InsertBefore(node, new Node("MatMul", node.Name, [a, b], [])));
        else
        {
            Value product = new(graph.UniqueName($"{node.Output.Name}_MatMul"));
            graph.InsertBefore(node, new Node("MatMul", node.Name, [a, b], [product]));
            TakeOver(graph, node, graph.InsertBefore(node, new Node("Add", "", [product, bias], [])));
        }

        return true;
    }

    /// <summary>The weight as floats, or the floats that it was rounded from; null where its scale is not one of the two.</summary>
    private static Value? Weight(Graph graph, Node node, Value scale, int index, int zeroIndex, int axis, Node before)
    {
        if (Restored(node, index, zeroIndex) is { } rounded)
            return node.Input(index).Producer!.Outputs[1] == scale ? rounded : null;
        Value stored = node.Input(index);
        if (!stored.IsConstant || scale.Constant is not { } scales || node.InputOrNull(zeroIndex) is { IsConstant: false }) return null;
        bool isSingle = scales.Count == 1, fits = scales.Rank <= 1 && axis < 0 && stored.Shape![^1].Number() == scales.Count;
        if (!isSingle && !fits) return null;
        Value zero = node.InputOrNull(zeroIndex) ?? graph.AddConstant($"{stored.Name}_zero", Tensor.Zeros(stored.Type, scales.Dims));
        if (zero.Constant!.Count != scales.Count) return null;
        Value weight = new(graph.UniqueName($"{stored.Name}_restored"));
        Node dequantize = new("DequantizeLinear", "", [stored, scale, zero], [weight]);
        dequantize.Attributes.Add("axis", (long)(stored.Shape!.Rank - 1));
        graph.InsertBefore(before, dequantize);
        return weight;
    }

    /// <summary>The floats that a node's input was rounded from, if dynamically and its zero point is the node's, too.</summary>
    private static Value? Restored(Node node, int index, int zeroIndex) =>
        node.InputOrNull(index) is { Producer: { Type: Dynamic, Domain.Length: 0, Outputs: [var q, not null, var zero] } source } x
        && q == x && zero is not null && node.InputOrNull(zeroIndex) == zero ? source.InputOrNull(0) : null;

    private static Node? OnlyReader(Graph graph, Value value) =>
        value.Consumers is [{ Domain.Length: 0 } reader] && !graph.IsOutput(value) ? reader : null;

    private static void TakeOver(Graph graph, Node old, Node replacement)
    {
        Value output = old.Output;
        graph.Remove(old);
        replacement.AddOutput(output);
    }
}
