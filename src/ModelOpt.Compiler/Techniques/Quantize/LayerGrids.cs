using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Generation;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Brings the constants of a file's quantized layers to the form that integer kernels take: weights without zero points, where
/// their integers fit int8 so, and biases on the grid of the layer's sums. A layer for which that is not possible computes in
/// float, and a warning says so.
/// </summary>
internal sealed class LayerGrids : Pass
{
    // How much rounding a bias to the grid of the sums may change the output, in its steps: seldom enough for another integer.
    private const double MostOfOutputStep = 0.1;
    private const int Named = 3;

    public override PassPhase Phase => PassPhase.Legalize;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        List<PassNote> notes = [];
        foreach (Node node in graph.Nodes)
        {
            if (Operator.Of(node).Quantization != QuantizationRule.Weighted || !IsQuantized(graph, node)) continue;
            if (node.Input(1).IsConstant && IntegerForm.WhyNot(node) is null)
            {
                changes += Center(node.Input(1)) ? 1 : 0;
                changes += MoveBias(graph, node) ? 1 : 0;
            }

            if (IntegerForm.Is(graph, node)) continue;
            notes.Add(new(node, WhyFloat(node)));
            changes += FreeConstants(graph, node);
        }

        if (notes.Count > 0)
        {
            string rest = notes.Count > Named ? $" and {notes.Count - Named} more" : "";
            string layers = string.Join("; ", notes.Take(Named)) + rest;
            context.Diagnostics.Report(RecipeDiagnostics.LayersInFloat.At(null, null, notes.Count, layers));
        }

        return new PassResult(changes, notes);
    }

    /// <summary>Whether the file means the layer to be in integers.</summary>
    private static bool IsQuantized(Graph graph, Node node) =>
        node.Input(0).Quantization is not null && node.Input(1).Quantization is not null
        && IntegerForm.Results(graph, node).All(v => v.Quantization is not null);

    /// <summary>Subtracts the zero points from a weight if the result fits int8.</summary>
    private static bool Center(Value weight)
    {
        if (weight.Quantization is not { Type: ElementType.Int8 } grid || grid.ZeroPoints.All(z => z == 0)) return false;
        Quantization centered = grid with { ZeroPoints = new int[grid.ZeroPoints.Count] };
        if (!centered.Round(weight.Constant!).Bytes.Span.SequenceEqual(weight.Constant!.Bytes.Span)) return false;
        weight.Quantization = centered;
        return true;
    }

    /// <summary>Gives a layer a bias of its own on the grid of its sums.</summary>
    private static bool MoveBias(Graph graph, Node node)
    {
        if (node.InputOrNull(2) is not { Constant: { Type: ElementType.Float32 } tensor }) return false;
        if (!IntegerForm.HasIntegerWeight(node) || IntegerForm.IsOnSums(node)) return false;
        float[] scales = [.. IntegerForm.Sums(node).Scales];
        double most = MostOfOutputStep * IntegerForm.Results(graph, node).Min(v => v.Quantization!.Scales.Min());
        int outputs = Math.Max(tensor.Count, scales.Length);
        float[] bias = new float[outputs];
        for (int i = 0; i < outputs; i++)
        {
            bias[i] = tensor.Span<float>()[tensor.Count == 1 ? 0 : i];
            double step = scales[scales.Length == 1 ? 0 : i], lost = Math.Abs(bias[i] - (step * Math.Round(bias[i] / step)));
            // A number that is none is not smaller either.
            if (!(Math.Abs(bias[i]) < IntegerForm.MaxBiasSteps * step && lost <= most)) return false;
        }

        graph.ReplaceConstant(node, 2, Tensor.Vector<float>(bias));
        WeightGrid.FollowBias(node);
        return true;
    }

    /// <summary>
    /// Makes an int32 bias, and a weight with scales along its inputs, floats where the layer computes in float. ONNX Runtime fuses
    /// such a layer all the same, and takes the integers for others.
    /// </summary>
    private static int FreeConstants(Graph graph, Node node)
    {
        int changes = 0;
        for (int i = 1; i < Math.Min(3, node.Inputs.Count); i++)
        {
            if (node.Inputs[i] is not { Constant: { } tensor, Quantization: { } grid }) continue;
            if (grid.Type != ElementType.Int32 && (grid.IsPerTensor || grid.Axis == IntegerForm.WeightAxis(node))) continue;
            graph.ReplaceConstant(node, i, tensor);
            changes++;
        }

        return changes;
    }

    private static string WhyFloat(Node node) =>
        IntegerForm.WhyNot(node) is { } reason ? reason
        : !node.Input(1).IsConstant ? "its operands have no 8-bit grids"
        : !IntegerForm.HasIntegerWeight(node) ? "its weight is not symmetric int8, per tensor or per output channel"
        : node.InputOrNull(2) is not null && !IntegerForm.IsOnSums(node) ? "its bias does not fit the grid of its sums"
        : "its input or output has no 8-bit grid";
}
