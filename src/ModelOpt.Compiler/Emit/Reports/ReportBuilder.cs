using System.IO.Compression;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Emit.Reports;

/// <summary>The files that a report is about.</summary>
/// <param name="OnnxBytes">The size of the ONNX file.</param>
/// <param name="EmbeddedBytes">The size of what is embedded.</param>
internal sealed record ReportedFiles(string Model, long OnnxBytes, byte[] Tflite, long EmbeddedBytes);

/// <summary>Follows a compilation and makes its <see cref="Report"/>.</summary>
internal sealed class ReportBuilder
{
    private const string RoundsAtRun = "multiplies in int8: each step rounds its input and its state by ranges of their own";

    private Dictionary<string, Tensor> _originals;
    private readonly long _onnxMacs;

    /// <summary>Keeps the weights before quantization, to measure its cost.</summary>
    public ReportBuilder(Graph graph)
    {
        _originals = WeightsOf(graph);
        _onnxMacs = MacsOf(graph);
    }

    /// <summary>Makes the report.</summary>
    /// <param name="files">The files that were read and written.</param>
    /// <param name="compressed">What the compressing passes did; their notes are the layers' reasons.</param>
    /// <param name="reference">The float model whose weights were compressed, where they are no longer those that were read.</param>
    public Report Build(
        Graph graph, ReportedFiles files, IReadOnlyList<AppliedPass> simplified, IReadOnlyList<AppliedPass> compressed,
        IEnumerable<Diagnostic> diagnostics, Graph? reference = null)
    {
        if (reference is not null) _originals = WeightsOf(reference);
        IReadOnlyList<Node> sized = graph.AtExample().Nodes;
        return new Report
        {
            Model = files.Model,
            OnnxBytes = files.OnnxBytes,
            FileBytes = files.Tflite.Length,
            ZipBytes = ZipSize(files.Tflite),
            EmbeddedBytes = files.EmbeddedBytes,
            OnnxMacs = _onnxMacs,
            States = [.. graph.States],
            Techniques = Techniques.Of(graph, _onnxMacs, MacsOf(graph)),
            Layers = [.. graph.Nodes.Select((n, i) => LayerOf(graph, n, ReasonOf(n)) with { Macs = Operator.Of(n).Macs(sized[i]) })],
            Passes = [.. simplified.Concat(compressed).Where(p => p.Changes > 0 || p.Notes.Count > 0)
                .Select(p => new PassReport(p.Name, p.Changes, p.Notes))],
            Diagnostics = [.. diagnostics],
        };

        string? ReasonOf(Node node) => node.RoundsAtRun ? RoundsAtRun
            : compressed.SelectMany(p => p.Notes).FirstOrDefault(n => n.Layer == node.Label)?.Text;
    }

    private LayerReport LayerOf(Graph graph, Node node, string? reason)
    {
        // Where an activation is fused, its output is the one that is stored.
        Value output = (FusedActivation.Of(graph, node) ?? node).Output;
        Value? weight = WeightStatistics.WeightOf(node);
        WeightStatistics? statistics = WeightStatistics.Of(node);
        return new LayerReport
        {
            Name = node.Label,
            Operator = node.Type,
            OutputShape = [.. (output.Shape ?? new Shape()).Select(d => d.ToString())],
            Macs = Operator.Of(node).Macs(node),
            Parameters = node.Inputs.OfType<Value>().Where(v => v.IsConstant && v.Type.IsFloat()).Sum(v => (long)v.Constant!.Count),
            WeightBits = (weight ?? Operator.Of(node).Weights(node).Select(w => node.InputOrNull(w.Input)).FirstOrDefault(v => v is
                { IsConstant: true })) is { } stored ? BitsOf(stored) : null,
            Weights = statistics?.Count,
            Sparsity = statistics is null ? null : Math.Round(statistics.Sparsity, 4),
            Pattern = statistics?.PatternText,
            DistinctWeights = statistics?.Distinct,
            DistinctWeightsInChannel = statistics?.DistinctInChannel,
            BitsPerWeight = statistics is null ? null : Math.Round(statistics.Entropy, 2),
            ActivationBits = BitsOf(output),
            Scale = output.Quantization?.Scale,
            ZeroPoint = output.Quantization?.ZeroPoint,
            WeightSqnr = weight is null || !_originals.TryGetValue(node.Output.Name, out Tensor? original) ? null
                : Sqnr(original.Span<float>(), weight.Constant!.Span<float>()),
            Reason = reason,
        };
    }

    /// <summary>The weights of layers, by the names of their outputs.</summary>
    private static Dictionary<string, Tensor> WeightsOf(Graph graph) => graph.Nodes
        .Where(n => WeightStatistics.WeightOf(n) is not null)
        .ToDictionary(n => n.Output.Name, n => WeightStatistics.WeightOf(n)!.Constant!, StringComparer.Ordinal);

    private static long MacsOf(Graph graph) => graph.AtExample().Nodes.Sum(n => Operator.Of(n).Macs(n));

    private static int BitsOf(Value value) => 8 * (value.Quantization?.Type ?? value.Type).Size();

    private static double? Sqnr(ReadOnlySpan<float> exact, ReadOnlySpan<float> rounded)
    {
        if (exact.Length != rounded.Length) return null;
        double signal = 0, noise = 0;
        for (int i = 0; i < exact.Length; i++)
        {
            double error = (double)exact[i] - rounded[i];
            signal += (double)exact[i] * exact[i];
            noise += error * error;
        }

        // Two decimals: libraries differ in the last digits of a logarithm.
        double decibels = 10 * Math.Log10(signal / noise);
        return double.IsFinite(decibels) ? Math.Round(decibels, 2) : null;
    }

    private static long ZipSize(byte[] file)
    {
        using MemoryStream zip = new();
        using (ZipArchive archive = new(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            using Stream entry = archive.CreateEntry("model.tflite", CompressionLevel.SmallestSize).Open();
            entry.Write(file);
        }

        return zip.Length;
    }
}
