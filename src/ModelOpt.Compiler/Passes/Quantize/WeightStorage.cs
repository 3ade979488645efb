using ModelOpt.Compiler.Compilation;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators;

namespace ModelOpt.Compiler.Passes.Quantize;

/// <summary>
/// Stores the weights of layers that compute in float32 as int8 or float16, as options and recipe ask. Without calibration
/// data that is all that <see cref="QuantizationMode.Int8"/> can be, and a warning says so.
/// </summary>
internal sealed class WeightStorage : Pass
{
    /// <inheritdoc/>
    public override PassPhase Phase => PassPhase.Quantize;

    /// <inheritdoc/>
    public override PassResult Apply(Graph graph, PassContext context)
    {
        bool calibrated = context.Options.CalibrationData.Count > 0;
        int changes = 0;
        bool wanted = false;
        List<string> notes = [];
        foreach (Node node in graph.Nodes.Where(n => Operator.Of(n).Quantization == QuantizationRule.Weighted).ToArray())
        {
            QuantizationMode mode = context.Recipe.QuantizationOf(node.Label, context.Options.Quantization);
            if (mode == QuantizationMode.Int8 && !calibrated) (mode, wanted) = (QuantizationMode.WeightOnlyInt8, true);
            if (mode is not (QuantizationMode.WeightOnlyInt8 or QuantizationMode.Float16)) continue;
            string? reason = mode == QuantizationMode.Float16 ? StoredWeights.AsFloat16(node) : StoredWeights.AsInt8(node);
            if (reason is null) changes++;
            else notes.Add($"{node.Label}: {reason}");
        }

        if (wanted) context.Diagnostics.Report(RecipeDiagnostics.NoCalibrationData.At(null, null));
        return new PassResult(changes, notes);
    }
}
