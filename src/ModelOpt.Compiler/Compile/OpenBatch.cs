using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Compile;

/// <summary>
/// Closes the batch of a model whose inputs leave it open while a layer takes one sample only, such as a Reshape to [1, 256]: it is
/// a model of batch 1, whatever its inputs say.
/// </summary>
internal static class OpenBatch
{
    /// <summary>Closes the batch where two samples do not pass, and one does.</summary>
    /// <param name="graph">The graph as read, sizes besides the batch fixed.</param>
    /// <param name="diagnostics">Takes the note that says so; may be null.</param>
    public static void Close(Graph graph, IDiagnosticSink? diagnostics)
    {
        if (!graph.Inputs.Exists(IsOpen)) return;
        // Branches for one sample and for several may have different ranks: each batch passes, and an open one does not.
        Diagnostic? open = graph.AllNodes.Any(n => n.Bodies.Any()) ? Refusal(graph, null) : null;
        if ((Refusal(graph, 2) ?? open) is not { } refusal || Refusal(graph, 1) is not null) return;
        SetBatch(graph, 1);
        diagnostics?.Report(GraphDiagnostics.OneSample.At(null, refusal.Layer, refusal.Message.TrimEnd('.')));
    }

    /// <summary>
    /// Closes the batch where sizes depend on values, which are not the same for all samples, or, in a model without other open sizes, on
    /// how many samples there are.
    /// </summary>
    /// <param name="diagnostics">Takes the note that says so; may be null.</param>
    public static void CloseForValues(Graph graph, IDiagnosticSink? diagnostics)
    {
        if (!graph.Inputs.Exists(IsOpen)) return;
        // Where the batch is the only open size, it runs sample by sample.
        HashSet<Dim> batch = graph.Batch;
        Value? computed = graph.Values.FirstOrDefault(Lowering.IsComputed) ?? (OpenSizes.AreOpen(graph) ? null
            : graph.Values.FirstOrDefault(v => v.Shape is { } shape && shape.Any(d => !d.IsKnown && !batch.Contains(d))));
        if (computed is null) return;
        SetBatch(graph, 1);
        ShapeInference.Run(graph);
        diagnostics?.Report(GraphDiagnostics.OneSample.At(
            null, computed.Producer?.Label, $"the shape {computed.Shape} of '{computed.Name}' depends on values"));
    }

    /// <summary>
    /// Why a simplified graph cannot be written: nothing where it can be. Where samples do not stay apart, the batch becomes an open size
    /// like others; where that cannot be written, and one sample can, it is closed.
    /// </summary>
    public static IReadOnlyList<Diagnostic> Refusals(Graph graph, PassContext context)
    {
        IReadOnlyList<Diagnostic> refusals = Refusals(graph, context, out bool isApart);
        if (!graph.Inputs.Exists(IsOpen) || (refusals.Count == 0 && isApart)
            || refusals.Any(r => r.Descriptor != GraphDiagnostics.DynamicShape)) return refusals;
        Graph sized = graph.Clone();
        if (OpenSizes.TryOpenBatch(sized) && Refusals(sized, context, out _).Count == 0)
        {
            (graph.Examples, graph.HasBatchAsSize) = (sized.Examples, true);
            return [];
        }

        Graph closed = graph.Clone();
        SetBatch(closed, 1);
        ShapeInference.Run(closed);
        if (Refusals(closed, context, out _).Count > 0) return refusals;
        SetBatch(graph, 1);
        ShapeInference.Run(graph);
        Diagnostic? why = refusals is [var first, ..] ? first : null;
        context.Diagnostics.Report(GraphDiagnostics.OneSample.At(
            null, why?.Layer, why?.Message.TrimEnd('.') ?? "samples do not stay apart"));
        return [];
    }

    private static IReadOnlyList<Diagnostic> Refusals(Graph graph, PassContext context, out bool isApart) =>
        Lowering.Refusals(PassPipeline.Writable(graph, context), out isApart, context.Cancellation);

    private static Diagnostic? Refusal(Graph graph, int? batch)
    {
        Graph copy = graph.Clone();
        if (batch is { } size) SetBatch(copy, size);
        try
        {
            ShapeInference.Run(copy);
            return null;
        }
        catch (CompilationException e)
        {
            return e.Diagnostic;
        }
    }

    private static void SetBatch(Graph graph, int batch)
    {
        foreach (Value input in graph.Inputs.Where(IsOpen)) input.Shape = new Shape([batch, .. input.Shape!.Skip(1)]);
    }

    private static bool IsOpen(Value input) => input.Shape is { IsBatchOpen: true };
}
