using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Runtime;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Cli;

/// <summary>Looks at a TFLite model as it is stored.</summary>
internal static class TfliteInspector
{
    /// <summary>Inspects a model.</summary>
    /// <exception cref="CompilationException">It cannot be read.</exception>
    public static Inspection Inspect(string model)
    {
        byte[] file = ModelFile.Read(model);
        try
        {
            Graph graph = GraphReader.Read(file);
            var seen = new HashSet<Tensor>();
            return new Inspection(
                "TFLite",
                file.Length,
                [.. graph.Inputs.Select(Describe)],
                [.. graph.Outputs.Select(Describe)],
                [.. graph.Nodes.Select(node => Layer(node, seen))],
                ["A TFLite model is not compressed further: give the .onnx model that it was made from."]);
        }
        catch (InvalidModelException e)
        {
            throw new CompilationException(EvaluationDiagnostics.InvalidTflite.At(model, null, e.Message), e);
        }
    }

    private static InspectedLayer Layer(Node node, HashSet<Tensor> seen)
    {
        List<Tensor> constants = [.. node.Inputs.OfType<Tensor>().Where(t => t.IsConstant && seen.Add(t))];
        Tensor output = node.Outputs[0];
        return new InspectedLayer(
            ShortName(output),
            node.Operator.ToString(),
            Shape(output),
            constants.Sum(t => (long)t.Elements),
            Macs(node),
            constants.Sum(t => (long)t.Bytes),
            output.Type.ToString().ToLowerInvariant());
    }

    /// <summary>For each output element, as many as a filter has elements (TFLite's weight shapes).</summary>
    public static long Macs(Node node)
    {
        if (node.Inputs.Length < 2 || node.Inputs[1] is not { Rank: >= 2 } weights) return 0;
        long output = node.Outputs[0].Elements;
        return node.Operator switch
        {
            BuiltinOperator.Conv2D or BuiltinOperator.FullyConnected => output * (weights.Elements / Math.Max(1, weights.Shape[0])),
            BuiltinOperator.DepthwiseConv2D => output * (weights.Elements / Math.Max(1, weights.Shape[^1])),
            BuiltinOperator.BatchMatMul => output * node.Inputs[0]!.Shape[^1],
            _ => 0,
        };
    }

    /// <summary>TensorFlow's converter joins the names of all that it fused.</summary>
    private static string ShortName(Tensor tensor) => tensor.Name.Split(';')[0];

    private static string Describe(Tensor tensor) => $"{tensor.Name}: {tensor.Type}{Shape(tensor)}";

    private static string Shape(Tensor tensor) => $"[{string.Join(", ", tensor.Shape)}]";
}
