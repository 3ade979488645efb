using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Contract;

/// <content>Finds what cannot be written before any other work, by a dry run of the lowering itself.</content>
internal sealed partial class Lowering
{
    // Beyond, a second copy of the weights is too much memory, and a file too large in float may fit once it is quantized.
    private const long MaxChecked = 1 << 30;

    /// <summary>Why a graph cannot be written, or run once it is written: every reason, of all layers.</summary>
    /// <param name="graph">The graph, with shapes, simplified and not yet compressed.</param>
    /// <returns>None where it can be written and run.</returns>
    public static IReadOnlyList<Diagnostic> Refusals(Graph graph, CancellationToken cancellation = default) =>
        Refusals(graph, out _, cancellation);

    /// <summary>Why a graph cannot be written, or run once it is written: every reason, of all layers.</summary>
    /// <param name="graph">The graph, with shapes, simplified and not yet compressed.</param>
    /// <param name="isApart">Whether the written model runs any number of samples, one by one; true where that was not looked at.</param>
    /// <returns>None where it can be written and run.</returns>
    public static IReadOnlyList<Diagnostic> Refusals(Graph graph, out bool isApart, CancellationToken cancellation = default)
    {
        isApart = true;
        Lowering lowering = new(graph) { _refusals = [] };
        lowering.Lower(cancellation);
        List<Diagnostic> refusals = lowering._refusals;
        if (refusals.Count > 0 || graph.Values.Sum(v => (long)(v.Constant?.Bytes.Length ?? 0)) > MaxChecked) return refusals;
        try
        {
            using TfliteModel model = TfliteModel.Load(lowering._model.Write());
            isApart = model.HasDynamicBatch;
        }
        catch (InvalidModelException e)
        {
            refusals.Add(EmitDiagnostics.NotRunnable.At(null, null, e.Message.TrimEnd('.')));
        }

        return refusals;
    }

    /// <summary>The error of a model that cannot be written: one reason as it is, several at once.</summary>
    /// <param name="refusals">One reason or more.</param>
    public static CompilationException Refused(IReadOnlyList<Diagnostic> refusals)
    {
        if (refusals.Count == 1) return new CompilationException(refusals[0]);
        IEnumerable<string> reasons = refusals
            .GroupBy(r => r.Message, StringComparer.Ordinal)
            .Select(g => $"{g.Key.TrimEnd('.')} ({string.Join(", ", g.Take(3).Select(r => $"'{r.Layer}'"))}"
                + (g.Count() > 3 ? $" and {g.Count() - 3} more)" : ")"));
        return EmitDiagnostics.SeveralRefused.Error(refusals[0].Layer, string.Join("; ", reasons));
    }

    /// <summary>Does a step of the lowering; in a dry run, keeps the reason why it fails and continues.</summary>
    /// <param name="defines">The values that it defines; null for outputs that are left out.</param>
    private void Try(Action step, IEnumerable<Value?> defines)
    {
        if (_refusals is null)
        {
            step();
            return;
        }

        try
        {
            step();
        }
        catch (CompilationException e)
        {
            // An open size is refused again wherever it gets to.
            bool isKnown = e.Diagnostic.Descriptor == GraphDiagnostics.DynamicShape
                && _refusals.Exists(r => r.Descriptor == e.Diagnostic.Descriptor);
            if (!isKnown) _refusals.Add(e.Diagnostic);
            foreach (Value? value in defines)
            {
                if (value is not null) StandIn(value);
            }
        }
    }

    /// <summary>Defines a value that is not written, so that the nodes that read it are looked at too.</summary>
    private void StandIn(Value value)
    {
        int[] dims = [.. value.Shape!.Select(d => (int)Math.Clamp(d.Size, 1, int.MaxValue))];
        DefineAs(value, AxisOrder.Identity(dims.Length), new TfliteTensor(value.Name, TensorType.Float32, dims));
        if (value.Consumers is [var reader] && _fused.Contains(reader) && !_views.ContainsKey(reader.Output)) StandIn(reader.Output);
    }
}
