using ModelOpt.Compiler.Onnx;
using ModelOpt.Runtime.Model;
using Tensor = ModelOpt.Runtime.Model.Tensor;

namespace ModelOpt.Fuzz.Graphs;

/// <summary>What is in a file, node by node.</summary>
internal static class Listing
{
    /// <summary>The nodes of an ONNX model.</summary>
    public static IEnumerable<string> Of(ModelProto model)
    {
        Dictionary<string, string> constants = model.Graph.Initializer.ToDictionary(
            i => i.Name, i => $"{OnnxTensors.Read(i, new ExternalData(null), i.Name)}{First(i)}");
        foreach (ValueInfoProto input in Samples.Fed(model))
        {
            (ElementType type, Shape? shape) = OnnxTypes.Read(input);
            yield return $"{input.Name} = input {type}{shape}";
        }

        foreach (NodeProto node in model.Graph.Node)
        {
            string attributes = string.Concat(node.Attribute.Select(a => $" {a.Name}={Text(a)}"));
            yield return $"{string.Join(", ", node.Output)} = "
                + $"{node.OpType}({string.Join(", ", node.Input.Select(i => constants.GetValueOrDefault(i, i)))}){attributes}";
        }

        yield return $"outputs: {string.Join(", ", model.Graph.Output.Select(o => o.Name))}";
    }

    /// <summary>The operators of a TFLite file.</summary>
    public static IEnumerable<string> Of(byte[] tflite) => GraphReader.Read(tflite).Nodes.Select(node =>
        $"{string.Join(", ", node.Outputs.Select(Text))} = "
            + $"{node.Operator}({string.Join(", ", node.Inputs.Select(t => t is null ? "" : Text(t)))})");

    private static string Text(Tensor tensor)
    {
        string grid = tensor.Quantization is { Count: > 0 } q ? $" {q.Scale(0):R}·(q − {q.ZeroPoint(0)}){(q.Count > 1 ? "…" : "")}" : "";
        return $"{(tensor.IsConstant ? "constant" : tensor.Name)} {tensor.Type}[{string.Join(", ", tensor.Shape)}]{grid}";
    }

    private static string Text(AttributeProto attribute) => attribute.Ints.Count > 0 ? $"[{string.Join(", ", attribute.Ints)}]"
        : attribute.HasF ? $"{attribute.F:R}" : attribute.HasS ? attribute.S.ToStringUtf8() : $"{attribute.I}";

    private static string First(TensorProto proto)
    {
        double[] numbers = Checks.Difference.Numbers(OnnxTensors.Read(proto, new ExternalData(null), proto.Name));
        return numbers.Length <= 6 ? $" {{{string.Join(", ", numbers.Select(Digits))}}}" : "";

        static string Digits(double n) => n.ToString("G7", System.Globalization.CultureInfo.InvariantCulture);
    }
}
