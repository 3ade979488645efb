using ModelOpt.Compiler.Compilation;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Emit;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators;
using ModelOpt.Compiler.Passes;
using ModelOpt.Compiler.Passes.Quantize;

namespace ModelOpt.Cli;

/// <summary>Looks at an ONNX model as a build does: simplified, and with each layer's form decided.</summary>
internal static class OnnxInspector
{
    /// <summary>Inspects a model.</summary>
    /// <exception cref="CompilationException">It cannot be read.</exception>
    public static Inspection Inspect(string model, IDiagnosticSink diagnostics, CancellationToken cancellation)
    {
        byte[] file = ModelFile.Read(model);
        Graph graph = OnnxReader.Read(file, model);
        ShapeInference.Run(graph, useStated: true);
        int nodes = graph.Nodes.Count;
        PassPipeline.Simplify(graph, new PassContext(new CompileOptions(), new Recipe(), diagnostics, null, cancellation));
        QuantizationScheme scheme = QuantizationScheme.Of(graph, _ => null);

        var fused = new Dictionary<Node, Node>();
        foreach (Node node in graph.Nodes)
        {
            if (FusedActivation.Of(graph, node) is { } activation) fused[activation] = node;
        }

        var seen = new HashSet<Value>();
        var layers = graph.Nodes.Select(node => Layer(node, seen, Form(node, scheme, fused))).ToList();
        return new Inspection(
            "ONNX",
            file.Length,
            [.. graph.Inputs.Select(value => value.ToString())],
            [.. graph.Outputs.Select(value => value.ToString())],
            layers,
            [
                $"The file has {nodes} nodes; {layers.Count} are left after simplification.",
                .. PassPipeline.IsQuantized(graph) ? ["The file is quantized already: a build leaves it as it is."] : Plan(scheme),
            ]);
    }

    private static IEnumerable<string> Plan(QuantizationScheme scheme) =>
    [
        "int8 needs calibration data; without it, weights are stored as int8 and computation is in float32.",
        .. Reasons(scheme),
        "The recipe of a build:",
        .. DefaultRecipe(scheme).ToJson().ReplaceLineEndings("\n").Split('\n'),
    ];

    private static InspectedLayer Layer(Node node, HashSet<Value> seen, string form)
    {
        List<Value> constants = [.. node.Inputs.OfType<Value>().Where(v => v.IsConstant && seen.Add(v))];
        return new InspectedLayer(
            node.Label,
            node.Type,
            node.Output.Shape?.ToString() ?? "?",
            constants.Sum(v => (long)v.Constant!.Count),
            Operator.Of(node).Macs(node),
            constants.Sum(v => (long)v.Constant!.Count * (v.Quantization?.Type ?? v.Type).Size()),
            form,
            WeightStatistics.Of(node));
    }

    private static string Form(Node node, QuantizationScheme scheme, Dictionary<Node, Node> fused)
    {
        if (node.Output.Quantization is { } quantization) return $"{Name(quantization.Type)} in the file";
        return fused.TryGetValue(node, out Node? into) ? $"fused into {into.Label}"
            : scheme.Nodes.Contains(node) ? "int8"
            : Name(node.Output.Type);
    }

    private static IEnumerable<string> Reasons(QuantizationScheme scheme) => scheme.Reasons.Count == 0
        ? ["Every layer that computes can be compressed."]
        : ["Not compressed:", .. scheme.Reasons.Select(reason => $"  {reason.Key.Label}: {reason.Value}")];

    private static Recipe DefaultRecipe(QuantizationScheme scheme) => new()
    {
        Quantization = QuantizationMode.Int8,
        CalibrationMethod = CalibrationMethod.MinMax,
        Layers = [.. scheme.Reasons.Keys.Select(node => new LayerRule(node.Label, QuantizationMode.None))],
    };

    private static string Name(ElementType type) => type.ToString().ToLowerInvariant();
}
