using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Activations;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Generation;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Removes grids that TFLite's kernels do not have. Constants of 16 and 32 bits, but for biases, become floats of the same values.
/// Activations of 16 bits are computed in float without their rounding, and a warning says so. An activation with a grid per
/// channel is divided by its scales, rounded to a grid of step 1, and multiplied again, which gives the same numbers.
/// </summary>
internal sealed class ForeignGrids : Pass
{
    public override PassPhase Phase => PassPhase.Legalize;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        List<string> wide = [];
        foreach (Value value in graph.Values.ToArray())
        {
            if (value.Quantization is not { } grid) continue;
            if (grid.Type is ElementType.Int16 or ElementType.UInt16 || (grid.Type == ElementType.Int32 && !IsBias(value)))
            {
                value.Quantization = null;
                changes++;
                if (value.Constant is { } constant)
                {
                    // One that was computed when the model was simplified is not rounded yet.
                    value.Constant = grid.Round(constant);
                    continue;
                }

                wide.Add(value.Name);
                if (grid.IsPerTensor && grid.Type != ElementType.Int32) Clip(graph, value, grid);
            }
            else if (!value.IsConstant && !grid.IsPerTensor)
            {
                Divide(graph, value, grid);
                changes++;
            }
        }

        if (wide.Count > 0) context.Diagnostics.Report(RecipeDiagnostics.WideActivations.At(null, wide[0], wide.Count));
        return PassResult.Of(changes);
    }

    private static bool IsBias(Value value) => value.IsConstant && value.Consumers.All(n =>
        Operator.Of(n).Quantization == QuantizationRule.Weighted && n.InputOrNull(2) == value && n.Inputs.Count(i => i == value) == 1);

    /// <summary>Saturates as the grid does: that may be all there is of a Relu.</summary>
    private static void Clip(Graph graph, Value value, Quantization grid)
    {
        (int min, int max) = QuantizationMath.Range(grid.Type);
        Value low = graph.AddConstant($"{value.Name}_low", Tensor.Scalar(grid.Scale * (min - grid.ZeroPoint)));
        Value high = graph.AddConstant($"{value.Name}_high", Tensor.Scalar(grid.Scale * (max - grid.ZeroPoint)));
        Value raw = Detach(graph, value);
        Node clip = new("Clip", "", [raw, low, high], [value]);
        if (raw.Producer is { } producer) graph.InsertAfter(producer, clip);
        else graph.InsertBefore(graph.Nodes[0], clip);
    }

    private static void Divide(Graph graph, Value value, Quantization grid)
    {
        Value raw = Detach(graph, value);
        int[] dims = [.. Enumerable.Repeat(1, value.Shape!.Rank)];
        dims[grid.Axis] = grid.Scales.Count;
        // The zero points become one; differences from it are added before rounding and subtracted after.
        int zero = grid.ZeroPoints[0];
        Value scales = Constant([.. grid.Scales]), offsets = Constant([.. grid.ZeroPoints.Select(z => (float)(z - zero))]);
        bool shifts = grid.ZeroPoints.Any(z => z != zero);
        Node[] nodes = shifts
            ? [Step("Div", raw, scales), Step("Add", null, offsets), Step("Sub", null, offsets), Step("Mul", null, scales)]
            : [Step("Div", raw, scales), Step("Mul", null, scales)];
        for (int i = 1; i < nodes.Length; i++) nodes[i].SetInput(0, nodes[i - 1].Output);
        nodes[(nodes.Length / 2) - 1].Output.Quantization = Quantization.PerTensor(grid.Type, 1, zero);
        nodes[^1].SetOutput(0, value);
        value.Quantization = null;
        Node? after = raw.Producer;
        foreach (Node node in nodes)
        {
            if (after is null) graph.InsertBefore(graph.Nodes[0], node);
            else graph.InsertAfter(after, node);
            after = node;
        }

        Node Step(string type, Value? input, Value constant) =>
            new(type, "", [input, constant], [new Value(graph.UniqueName($"{value.Name}_{type}"), value.Type, value.Shape)]);

        Value Constant(float[] elements) => graph.AddConstant($"{value.Name}_grid", Tensor.Of<float>(dims, elements));
    }

    /// <summary>A value in the place of another that has the producer, or is the input, that the other was.</summary>
    private static Value Detach(Graph graph, Value value)
    {
        Value raw = new(graph.UniqueName($"{value.Name}_unrounded"), value.Type, value.Shape);
        int input = graph.Inputs.IndexOf(value);
        if (input >= 0)
        {
            graph.Inputs[input] = raw;
            (raw.Name, value.Name) = (value.Name, raw.Name);
        }
        else
        {
            Node producer = value.Producer!;
            for (int i = 0; i < producer.Outputs.Count; i++)
            {
                if (producer.Outputs[i] == value) producer.SetOutput(i, raw);
            }
        }

        return raw;
    }
}
