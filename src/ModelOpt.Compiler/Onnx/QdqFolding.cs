using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Onnx;

/// <summary>
/// Folds QuantizeLinear and DequantizeLinear into annotations: <c>x → Q → DQ</c> annotates x, DQ of a constant becomes an
/// annotated float constant. uint8 is taken as int8 moved by 128. What is left (a model with integer inputs or outputs)
/// stays as nodes.
/// </summary>
internal static class QdqFolding
{
    /// <summary>Folds all that can be.</summary>
    /// <param name="graph">The graph, sorted.</param>
    /// <exception cref="CompilationException">Scales or zero points are not what ONNX allows.</exception>
    public static void Apply(Graph graph)
    {
        foreach (Node node in graph.Nodes.Where(Handles).ToArray())
        {
            if (node.Type == "QuantizeLinear") FoldPair(graph, node);
            else if (node.Input(0).IsConstant) FoldConstant(graph, node);
        }
    }

    private static bool Handles(Node node) =>
        node.Domain.Length == 0 && node.Type is "QuantizeLinear" or "DequantizeLinear";

    private static void FoldConstant(Graph graph, Node node)
    {
        Tensor stored = node.Input(0).Constant!;
        Quantization quantization = Parameters(node, stored.Type, stored.Shape);
        Value output = node.Output;
        graph.Remove(node);
        SetConstant(output, quantization.Dequantize(stored), quantization.AsInt8());
    }

    private static void FoldPair(Graph graph, Node quantize)
    {
        Value stored = quantize.Output, source = quantize.Input(0);
        Node[] readers = [.. stored.Consumers];
        if (graph.IsOutput(stored) || readers.Length == 0 || !Array.TrueForAll(readers, n => n.Type == "DequantizeLinear"))
            return;
        var type = quantize.InputOrNull(2)?.Type ?? (ElementType)quantize.Int("output_dtype", (long)ElementType.UInt8);
        Quantization quantization = Parameters(quantize, type, source.Shape);
        if (!Array.TrueForAll(readers, n => n.Input(0) == stored && Parameters(n, type, source.Shape).Equals(quantization)))
            return;

        Value[] restored = Array.ConvertAll(readers, n => n.Output);
        bool alone = source.Consumers.Count == 1 && !graph.IsOutput(source) && source.Quantization is null;
        foreach (Node reader in readers) graph.Remove(reader);
        if (source.IsConstant)
        {
            graph.Remove(quantize);
            foreach (Value value in restored) SetConstant(value, quantization.Round(source.Constant!), quantization.AsInt8());
            return;
        }

        // Where others read the value unrounded, or a name must be kept, the rounded one is a value of its own.
        bool inPlace = alone && restored.Count(graph.IsOutput) <= (source.Producer is null ? 0 : 1);
        if (inPlace)
        {
            source.Quantization = quantization.AsInt8();
            foreach (Value value in restored) graph.ReplaceUses(value, source);
        }
        else
        {
            foreach (Value value in restored)
            {
                value.Quantization = quantization.AsInt8();
                graph.InsertAfter(quantize, new Node("Identity", "", [source], [value]));
            }
        }

        graph.Remove(quantize);
    }

    private static void SetConstant(Value value, Tensor tensor, Quantization quantization)
    {
        (value.Constant, value.Type, value.Shape) = (tensor, tensor.Type, tensor.Shape);
        value.Quantization = quantization;
    }

    private static Quantization Parameters(Node node, ElementType type, Shape? shape)
    {
        Tensor scale = node.Input(1).Constant ?? throw Unsupported(node, "its scale is not a constant");
        if (scale.Type != ElementType.Float32) throw Unsupported(node, $"its scale is {scale.Type}");
        if (type is not (ElementType.Int8 or ElementType.UInt8 or ElementType.Int16 or ElementType.UInt16 or ElementType.Int32))
            throw Unsupported(node, $"its type is {type}");
        if (node.Int("block_size", 0) != 0) throw Unsupported(node, "it is quantized in blocks");
        float[] scales = scale.Span<float>().ToArray();
        if (scale.Rank > 1 || scales.Length == 0 || !Array.TrueForAll(scales, s => s > 0 && float.IsFinite(s)))
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, "scales are positive, a scalar or a vector");
        int[] zeroPoints = ZeroPoints(node, type, scales.Length);
        if (scales.Length == 1) return Quantization.PerTensor(type, scales[0], zeroPoints[0]);

        long axis = node.Int("axis", 1);
        if (axis < 0 && shape is not null) axis += shape.Rank;
        // Where the file does not state the shape of an activation, it is checked once it is inferred.
        bool fits = shape is null ? axis >= 0 : axis >= 0 && axis < shape.Rank
            && (!shape[(int)axis].IsKnown || shape[(int)axis].Size == scales.Length);
        return fits ? new Quantization(type, scales, zeroPoints, (int)axis)
            : throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"{scales.Length} scales do not fit axis {axis}");
    }

    private static int[] ZeroPoints(Node node, ElementType type, int count)
    {
        if (node.InputOrNull(2) is not { } value) return new int[count];
        Tensor tensor = value.Constant ?? throw Unsupported(node, "its zero point is not a constant");
        if (tensor.Type != type || tensor.Count != count)
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"the zero point {tensor} does not fit its scale");
        return type switch
        {
            ElementType.Int8 => Array.ConvertAll(tensor.Span<sbyte>().ToArray(), z => (int)z),
            ElementType.UInt8 => Array.ConvertAll(tensor.Span<byte>().ToArray(), z => (int)z),
            ElementType.Int16 => Array.ConvertAll(tensor.Span<short>().ToArray(), z => (int)z),
            ElementType.UInt16 => Array.ConvertAll(tensor.Span<ushort>().ToArray(), z => (int)z),
            _ => tensor.Span<int>().ToArray(),
        };
    }

    private static CompilationException Unsupported(Node node, string why) =>
        GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, why);
}
