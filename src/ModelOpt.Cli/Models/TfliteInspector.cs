using System.Globalization;
using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Emit.Reports;
using ModelOpt.Compiler.Options;
using ModelOpt.Runtime;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Cli.Models;

/// <summary>Looks at a TFLite model, plain or packed, as its weights are stored.</summary>
internal static class TfliteInspector
{
    /// <summary>Inspects a model.</summary>
    /// <exception cref="CompilationException">It cannot be read.</exception>
    public static Inspection Inspect(string model, IDiagnosticSink diagnostics, CancellationToken cancellation)
    {
        byte[] file = ModelFile.ReadTflite(model, "a file named .tflite holds");
        try
        {
            byte[] plain = ModelFile.Plain(file);
            Graph graph = GraphReader.Read(plain);
            var seen = new HashSet<Tensor>();
            return new Inspection(
                plain == file ? "TFLite" : string.Create(
                    CultureInfo.InvariantCulture, $"TFLite packed for embedding ({plain.Length:N0} bytes plain)"),
                file.Length,
                [.. graph.Inputs.Select(Describe)],
                [.. graph.Outputs.Select(Describe)],
                [.. Layers(graph, seen)],
                [Build(model, diagnostics, cancellation)]);
        }
        catch (InvalidModelException e)
        {
            throw new CompilationException(EvaluationDiagnostics.InvalidTflite.At(model, null, e.Message), e);
        }
    }

    /// <summary>Whether a build can take the model, with all reasons why not.</summary>
    private static string Build(string model, IDiagnosticSink diagnostics, CancellationToken cancellation)
    {
        try
        {
            return BuildInspector.Inspect(model, new CompileOptions(), diagnostics, cancellation).Refusal is { } refusal
                ? Refused(refusal) : "A build can compress it: with any option, what a build does is printed instead.";
        }
        catch (CompilationException e)
        {
            return Refused(e);
        }

        static string Refused(CompilationException e) =>
            $"A build cannot compress it: {e.Diagnostic.Descriptor.Code}: {e.Diagnostic.Message}";
    }

    /// <summary>The layers of a graph, and behind each those of the subgraphs that it runs.</summary>
    private static IEnumerable<InspectedLayer> Layers(Graph graph, HashSet<Tensor> seen)
    {
        Dictionary<Tensor, Node> producers = graph.Producers();
        return graph.Nodes.SelectMany(node => node.Subgraphs.SelectMany(s => Layers(s, seen))
            .Select(l => l with { Name = $"{ShortName(node.Outputs[0])}/{l.Name}" }).Prepend(Layer(node, seen, producers)));
    }

    private static InspectedLayer Layer(Node node, HashSet<Tensor> seen, Dictionary<Tensor, Node> producers)
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
            output.Type.ToString().ToLowerInvariant(),
            Weight(node, producers));
    }

    /// <summary>Counts the weight of a convolution or dense layer, also one that is stored otherwise and dequantized first.</summary>
    private static WeightStatistics? Weight(Node node, Dictionary<Tensor, Node> producers)
    {
        if (IsRecurrent(node))
        {
            WeightStatistics[] matrices = [.. new[] { 1, 2 }.Select(i => Matrices(node.Input(i), producers)).OfType<WeightStatistics>()];
            return matrices.Length == 0 ? null : matrices.Aggregate((a, b) => a.With(b));
        }

        WeightLayout layout = LayoutOf(node);
        if (layout is WeightLayout.None or WeightLayout.Matrices) return null;
        if (node.Inputs.Length < 2 || node.Inputs[1] is not { } given) return null;
        Tensor weight = Source(given, producers);
        if (!weight.IsConstant || weight.Rank < 2 || Elements(weight) is not { } elements) return null;

        bool isDepthwise = layout == WeightLayout.DepthwiseFilters;
        int outputs = weight.Shape[isDepthwise ? ^1 : 0];
        int taps = elements.Length / Math.Max(1, outputs);
        float[] ordered = !isDepthwise ? elements
            : [.. Enumerable.Range(0, elements.Length).Select(i => elements[(i % taps * outputs) + (i / taps)])];
        return WeightStatistics.Of(ordered, outputs, isDepthwise ? 1 : weight.Shape[^1], 8 * weight.Bytes / Math.Max(1, weight.Elements));
    }

    private static bool IsRecurrent(Node node) =>
        node.Operator is BuiltinOperator.LSTM or BuiltinOperator.GRU or BuiltinOperator.RNN && node.Inputs.Length > 2;

    /// <summary>Counts a weight of a recurrent layer [directions, outputs, inputs].</summary>
    private static WeightStatistics? Matrices(Tensor given, Dictionary<Tensor, Node> producers)
    {
        Tensor weight = Source(given, producers);
        if (!weight.IsConstant || weight.Rank != 3 || Elements(weight) is not { } elements) return null;
        return WeightStatistics.Of(
            elements, weight.Shape[0] * weight.Shape[1], weight.Shape[2], 8 * weight.Bytes / Math.Max(1, weight.Elements));
    }

    /// <summary>What is dequantized to a tensor, or the tensor.</summary>
    private static Tensor Source(Tensor tensor, Dictionary<Tensor, Node> producers) =>
        !tensor.IsConstant && producers.TryGetValue(tensor, out Node? producer) && producer.Operator == BuiltinOperator.Dequantize
            ? producer.Inputs[0]! : tensor;

    /// <summary>The elements as numbers, integers less their zero point; null for types that weights do not have.</summary>
    private static float[]? Elements(Tensor tensor)
    {
        switch (tensor.Type)
        {
            case TensorType.Float32: return tensor.Constant<float>().ToArray();
            case TensorType.Float16: return [.. tensor.Constant<Half>().ToArray().Select(h => (float)h)];
            case TensorType.Int8: return Less(tensor, [.. tensor.Constant<sbyte>().ToArray().Select(q => (float)q)]);
            case TensorType.UInt8: return Less(tensor, [.. tensor.Constant<byte>().ToArray().Select(q => (float)q)]);
            default: return null;
        }
    }

    private static float[] Less(Tensor tensor, float[] integers)
    {
        if (tensor.Quantization is not { Count: > 0 } grid) return integers;
        int slices = grid.Count;
        if (slices > 1 && ((uint)grid.Axis >= (uint)tensor.Rank || tensor.Shape[grid.Axis] != slices)) return integers;
        int stride = grid.Count == 1 ? integers.Length : tensor.Shape.Skip(grid.Axis + 1).Aggregate(1, (a, b) => a * b);
        for (int i = 0; i < integers.Length; i++) integers[i] -= grid.ZeroPoint(i / stride % slices);
        return integers;
    }

    /// <summary>
    /// For each output element, as many as a filter has elements (TFLite's weight shapes); of recurrent layers, as the gates have.
    /// </summary>
    public static long Macs(Node node)
    {
        if (node.Inputs.Length < 2 || node.Inputs[1] is not { Rank: >= 2 } weights) return 0;
        long output = node.Outputs[0].Elements;
        if (IsRecurrent(node) && weights.Rank == 3 && node.Input(2) is { Rank: 3 } states)
            return output / Math.Max(1, states.Shape[2]) * weights.Shape[1] * (weights.Shape[2] + states.Shape[2]);
        return LayoutOf(node) switch
        {
            WeightLayout.Filters or WeightLayout.Rows => output * (weights.Elements / Math.Max(1, weights.Shape[0])),
            WeightLayout.DepthwiseFilters => output * (weights.Elements / Math.Max(1, weights.Shape[^1])),
            WeightLayout.Matrices => output * node.Inputs[0]!.Shape[^1],
            _ => 0,
        };
    }

    private static WeightLayout LayoutOf(Node node) => OperatorKernels.Find(node.Operator)?.Weight ?? WeightLayout.None;

    /// <summary>TensorFlow's converter joins the names of all that it fused.</summary>
    private static string ShortName(Tensor tensor) => tensor.Name.Split(';')[0];

    private static string Describe(Tensor tensor) => $"{tensor.Name}: {tensor.Type}{Shape(tensor)}";

    private static string Shape(Tensor tensor) => $"[{string.Join(", ", tensor.Shape)}]";
}
