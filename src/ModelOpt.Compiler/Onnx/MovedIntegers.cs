using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Onnx;

/// <summary>
/// Lets nodes that only move elements (a MaxPool, a Reshape) move numbers where they move integers between a QuantizeLinear and a
/// DequantizeLinear, with a pair behind them. Folding then annotates what they read and write, so integers stay integers.
/// </summary>
internal static class MovedIntegers
{
    private static readonly HashSet<string> Movers = new(StringComparer.Ordinal)
    {
        "MaxPool", "Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze", "Slice", "DepthToSpace", "SpaceToDepth",
    };

    /// <summary>Changes all nodes that can be.</summary>
    public static void Apply(Graph graph)
    {
        // From the end, so that a node behind another makes room for it.
        foreach (Node node in graph.Nodes.Reverse().ToArray())
        {
            if (!IsMover(node) || !ComesFromRounding(node) || graph.IsOutput(node.Output)) continue;
            Node[] readers = [.. node.Output.Consumers];
            if (readers.Length == 0 || readers[0].Type != "DequantizeLinear") continue;
            bool isOne = Grid(readers[0]) is { IsPerTensor: true } grid && Array.TrueForAll(readers, r => grid.Equals(Grid(r)));
            if (isOne) Move(graph, node, readers[0]);
        }
    }

    private static void Move(Graph graph, Node node, Node reader)
    {
        Value stored = node.Output, source = node.Input(0);
        Value restored = new(graph.UniqueName($"{stored.Name}_source")), moved = new(graph.UniqueName($"{stored.Name}_moved"));
        (Value scale, Value zero) = (reader.Input(1), reader.InputOrNull(2) ?? Zero());
        graph.InsertBefore(node, new Node("DequantizeLinear", "", [source, scale, zero], [restored]));
        node.SetInput(0, restored);
        node.SetOutput(0, moved);
        graph.InsertAfter(node, new Node("QuantizeLinear", "", [moved, scale, zero], [stored]));

        Value Zero() => graph.AddConstant($"{stored.Name}_zero", Tensor.Zeros(StoredType(reader), reader.Input(1).Constant!.Dims));
    }

    private static bool IsMover(Node node) =>
        node.Domain.Length == 0 && Movers.Contains(node.Type) && node.Outputs.Count == 1 && node.InputOrNull(0) is { IsConstant: false };

    private static Quantization? Grid(Node node) =>
        node is { Type: "DequantizeLinear", Domain.Length: 0 } && node.Output.Type is ElementType.Float32 or ElementType.Undefined
            ? LinearGrid.Annotation(node, StoredType(node), null) : null;

    /// <summary>The type of the integers that are restored: the zero point's, or that of the QuantizeLinear they come from.</summary>
    private static ElementType StoredType(Node dequantize) =>
        dequantize.InputOrNull(2)?.Type ?? LinearGrid.StoredType(Origin(dequantize.Input(0).Producer!));

    private static bool ComesFromRounding(Node node) => Origin(node).Type == "QuantizeLinear";

    /// <summary>The node whose result nodes that move elements hand on to this one.</summary>
    private static Node Origin(Node node)
    {
        while (IsMover(node) && node.Input(0).Producer is { } producer) node = producer;
        return node;
    }
}
