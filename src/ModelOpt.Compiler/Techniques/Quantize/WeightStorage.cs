using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Stores the weights of layers that compute in float32 as int8 or float16, as options and recipe ask. Layers in bodies always compute
/// so, and recurrent ones but for <see cref="RecurrentIntegers"/>. Without calibration data that is all that
/// <see cref="QuantizationMode.Int8"/> can be, and a warning says so.
/// </summary>
internal sealed class WeightStorage : Pass
{
    public override PassPhase Phase => PassPhase.Quantize;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        bool calibrated = context.IsCalibrated;
        HashSet<Node> outer = [.. graph.Nodes];
        (Graph Graph, Node Node)[] layers = [.. Inside(graph).Where(l => Operator.Of(l.Node).Weights(l.Node).Count > 0)];
        HashSet<Node> known = [.. layers.Select(l => l.Node)];
        bool wanted = !calibrated && Array.Exists(layers, l => Asked(l.Node) == QuantizationMode.Int8);
        int changes = 0;
        List<PassNote> notes = [];
        foreach ((Graph own, Node node) in layers)
        {
            QuantizationMode mode = ModeOf(node);
            if (mode is not (QuantizationMode.WeightOnlyInt8 or QuantizationMode.Float16)) continue;
            for (int i = 0; i < node.Inputs.Count; i++) Separate(own, node, i, n => known.Contains(n) && ModeOf(n) == mode);
            string? reason = mode == QuantizationMode.Float16 ? StoredWeights.AsFloat16(node) : StoredWeights.AsInt8(node);
            if (reason is null) changes++;
            else notes.Add(new(node, reason));
        }

        if (changes == 0 && context.Model.Quantization is QuantizationMode.Float16 or QuantizationMode.WeightOnlyInt8)
            context.Diagnostics.Report(RecipeDiagnostics.NothingQuantized.At(null, null));
        if (wanted) context.Diagnostics.Report(RecipeDiagnostics.NoCalibrationData.At(null, null));
        return new PassResult(changes, notes);

        QuantizationMode Asked(Node node) => context.QuantizationOf(node);

        // Layers that have no integer form, tables of which rows are read in float, and those in bodies, whose activations calibration
        // does not see.
        bool IsInFloat(Node node) => !calibrated || !outer.Contains(node) || Operator.Of(node).Quantization == QuantizationRule.Float
            || (IntegerForm.IsMover(node) && node.Output.Quantization is null);

        QuantizationMode ModeOf(Node node) =>
            Asked(node) is var asked && asked == QuantizationMode.Int8 && IsInFloat(node) ? QuantizationMode.WeightOnlyInt8 : asked;
    }

    /// <summary>All nodes that may run, each with the graph or body that it is in.</summary>
    private static IEnumerable<(Graph Graph, Node Node)> Inside(Graph graph) => graph.Nodes.SelectMany(n =>
        Operator.Of(n).LiveBodies(n).SelectMany(Inside).Prepend((graph, n)));

    /// <summary>Gives a node a constant of its own where another node that reads it is not stored alike.</summary>
    private static void Separate(Graph graph, Node node, int index, Func<Node, bool> isAlike)
    {
        if (node.Inputs[index] is not { IsConstant: true, Quantization: null } constant || constant.Consumers.All(isAlike)) return;
        graph.OwnConstant(node, index);
    }
}
