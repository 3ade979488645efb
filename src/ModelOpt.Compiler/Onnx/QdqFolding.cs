using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Quantize;

namespace ModelOpt.Compiler.Onnx;

/// <summary>
/// Folds QuantizeLinear and DequantizeLinear into annotations: <c>x → Q → DQ</c> annotates x, DQ of a constant becomes an
/// annotated float constant. uint8 is taken as int8 moved by 128. Nodes stay where integers are read as such (integer inputs or outputs
/// of the model) and where no annotation can express them (computed scales, blocks).
/// </summary>
internal static class QdqFolding
{
    /// <summary>Folds all that can be.</summary>
    /// <exception cref="CompilationException">ONNX does not allow these scales or zero points.</exception>
    public static void Apply(Graph graph)
    {
        foreach (Node node in graph.Nodes.Where(n => n.Domain.Length == 0).ToArray())
        {
            if (node.Type == "QuantizeLinear") FoldQuantize(graph, node);
            else if (node.Type == "DequantizeLinear" && node.Input(0).IsConstant) FoldConstant(graph, node);
        }

        if (graph.Values.Any(v => !v.IsConstant && v.Quantization is not null)) AnnotateRestored(graph);
    }

    private static void FoldConstant(Graph graph, Node node)
    {
        Tensor stored = node.Input(0).Constant!;
        if (LinearGrid.Annotation(node, stored.Type, stored.Shape) is not { } grid) return;
        Value output = node.Output;
        graph.Remove(node);
        SetConstant(output, grid.Dequantize(stored), grid.AsInt8());
    }

    private static void FoldQuantize(Graph graph, Node quantize)
    {
        Value stored = quantize.Output, source = quantize.Input(0);
        ElementType type = LinearGrid.StoredType(quantize);
        if (!IsFloat(source) || LinearGrid.Annotation(quantize, type, source.Shape) is not { } grid) return;
        Node[] readers = [.. stored.Consumers.Where(n =>
            n.Type == "DequantizeLinear" && n.Input(0) == stored && grid.Equals(LinearGrid.Annotation(n, type, source.Shape)))];
        bool isRead = graph.IsOutput(stored) || stored.Consumers.Count > readers.Length;
        if (isRead ? source.IsConstant || !Is8Bit(grid) : readers.Length == 0) return;

        List<Value> restored = [.. readers.Select(n => n.Output)];
        bool alone = source.Consumers.Count == 1 && !graph.IsOutput(source) && source.Quantization is null;
        foreach (Node reader in readers) graph.Remove(reader);
        if (source.IsConstant)
        {
            graph.Remove(quantize);
            foreach (Value value in restored) SetConstant(value, grid.Round(source.Constant!), grid.AsInt8());
            return;
        }

        // Where others read the value unrounded, or a name must be kept, the rounded one is a value of its own.
        bool inPlace = alone && restored.Count(graph.IsOutput) <= (source.Producer is null ? 0 : 1);
        if (inPlace)
        {
            source.Quantization = grid.AsInt8();
            foreach (Value value in restored) graph.ReplaceUses(value, source);
        }
        else
        {
            if (restored.Count == 0) restored.Add(new Value(graph.UniqueName($"{stored.Name}_real"), source.Type, source.Shape));
            foreach (Value value in Enumerable.Reverse(restored))
            {
                value.Quantization = grid.AsInt8();
                graph.InsertBefore(quantize, new Node("Identity", "", [source], [value]));
            }
        }

        if (!isRead) graph.Remove(quantize);
        else if (!inPlace) quantize.SetInput(0, restored[0]);
    }

    /// <summary>Values restored from integers lie on their grid, so layers of an integer graph use the integers directly.</summary>
    private static void AnnotateRestored(Graph graph)
    {
        foreach (Node node in graph.Nodes.Where(n => n is { Type: "DequantizeLinear", Domain.Length: 0 }))
        {
            Value stored = node.Input(0);
            if (node.Output.Quantization is not null || stored.IsConstant) continue;
            ElementType type = stored.Producer is { Type: "QuantizeLinear" } quantize ? LinearGrid.StoredType(quantize) : stored.Type;
            if (LinearGrid.Annotation(node, type, stored.Shape) is { } grid && Is8Bit(grid)) node.Output.Quantization = grid.AsInt8();
        }
    }

    private static bool Is8Bit(Quantization grid) => grid is { IsPerTensor: true, Type: ElementType.Int8 or ElementType.UInt8 };

    /// <summary>Whether a value is float32, as far as can be seen before types are inferred: QuantizeLinear takes int32, too.</summary>
    private static bool IsFloat(Value value)
    {
        while (value.Type == ElementType.Undefined && value.Producer is { } node)
        {
            switch (node.Type)
            {
                case "Cast": return node.Int("to", 0) == (long)ElementType.Float32;
                case "Shape" or "QuantizeLinear": return false;
                case "DequantizeLinear": return true;
                case "ConstantOfShape":
                    return !node.Attributes.TryGetValue("value", out object? element) || element is Tensor { Type: ElementType.Float32 };
            }

            if (node.InputOrNull(0) is not { } input) return true;
            value = input;
        }

        return value.Type is ElementType.Float32 or ElementType.Undefined;
    }

    private static void SetConstant(Value value, Tensor tensor, Quantization quantization)
    {
        (value.Constant, value.Type, value.Shape) = (tensor, tensor.Type, tensor.Shape);
        value.Quantization = quantization;
    }
}
