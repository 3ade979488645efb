using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Gives a mover's input and output one grid, so that it moves integers. If a file rounds the output to another grid than the input, an
/// Identity after the mover does that; if it rounds only one side, the other takes that grid. Neither changes a result: rounding and
/// moving elements commute.
/// </summary>
internal sealed class GridAgreement : Pass
{
    public override PassPhase Phase => PassPhase.Legalize;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        Node[] movers = [.. graph.Nodes.Where(n =>
            IntegerForm.JoinsGrids(n) && IntegerForm.WhyNot(n) is null && Operator.Of(n).Traits(n).HasFlag(OperatorTraits.Moves))];
        int changes = movers.Reverse().Sum(n => ToInputs(graph, n));
        return PassResult.Of(changes + movers.Sum(n =>
            Operator.Of(n).Quantization == QuantizationRule.SharesAll ? IntoConcat(graph, n) : ToOutputs(graph, n)));
    }

    /// <summary>Lets inputs that nobody reads unrounded take the outputs' grid.</summary>
    private static int ToInputs(Graph graph, Node mover)
    {
        if (GridOf(mover.Output) is not { } grid || !mover.Outputs.OfType<Value>().All(v => grid.Equals(v.Quantization))) return 0;
        int changes = 0;
        foreach (Value input in IntegerForm.Data(mover).Where(v => !v.IsConstant && v.Quantization is null))
        {
            if (input.Producer is null || input.Consumers.Count > 1 || graph.IsOutput(input)) continue;
            input.Quantization = grid;
            changes++;
        }

        return changes;
    }

    private static int ToOutputs(Graph graph, Node mover)
    {
        if (GridOf(mover.Input(0)) is not { } grid || !IntegerForm.StaysOn(mover, grid)) return 0;
        int changes = 0;
        for (int i = 0; i < mover.Outputs.Count; i++)
        {
            if (mover.Outputs[i] is not { } output || grid.Equals(output.Quantization)) continue;
            changes++;
            if (output.Quantization is null)
            {
                output.Quantization = grid;
                continue;
            }

            Value moved = new(graph.UniqueName($"{output.Name}_moved"), output.Type, output.Shape) { Quantization = grid };
            mover.SetOutput(i, moved);
            graph.InsertAfter(mover, new Node("Identity", "", [moved], [output]));
        }

        return changes;
    }

    /// <summary>Puts all that a Concat reads on the grid that it writes.</summary>
    private static int IntoConcat(Graph graph, Node concat)
    {
        if (concat.Output.Quantization is null && GridOf(concat.Input(0)) is { } common
            && concat.Inputs.All(v => common.Equals(v?.Quantization)))
        {
            concat.Output.Quantization = common;
            return 1;
        }

        if (GridOf(concat.Output) is not { } grid || !concat.Inputs.Any(v => GridOf(v!) is not null)) return 0;
        int changes = 0;
        for (int i = 0; i < concat.Inputs.Count; i++)
        {
            Value input = concat.Input(i);
            if (grid.Equals(input.Quantization)) continue;
            changes++;
            if (input.IsConstant)
            {
                Value constant = graph.OwnConstant(concat, i);
                constant.Quantization = grid;
                constant.Constant = grid.Round(constant.Constant!);
                continue;
            }

            Value rounded = new(graph.UniqueName($"{input.Name}_requantized"), input.Type, input.Shape) { Quantization = grid };
            graph.InsertBefore(concat, new Node("Identity", "", [input], [rounded]));
            concat.SetInput(i, rounded);
        }

        return changes;
    }

    private static Quantization? GridOf(Value value) =>
        value.Quantization is { IsPerTensor: true, Type: ElementType.Int8 or ElementType.UInt8 } grid ? grid : null;
}
