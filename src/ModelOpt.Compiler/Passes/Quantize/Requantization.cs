using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators;

namespace ModelOpt.Compiler.Passes.Quantize;

/// <summary>
/// Puts an Identity before every Concat input whose grid is prescribed (a Sigmoid's, a Softmax's, a Tanh's), where the
/// other inputs have theirs from calibration: the Identity's output is on the Concat's grid.
/// </summary>
internal static class Requantization
{
    /// <summary>Inserts the Identity nodes.</summary>
    /// <param name="graph">The graph, simplified.</param>
    /// <param name="isInt8">Whether a node is to run in int8.</param>
    /// <returns>Those that were inserted.</returns>
    public static IReadOnlyList<Node> Insert(Graph graph, Func<Node, bool> isInt8)
    {
        List<Node> inserted = [];
        foreach (Node concat in graph.Nodes.Where(n => Operator.Of(n).Quantization == QuantizationRule.SharesAll && isInt8(n)).ToArray())
        {
            for (int i = 0; i < concat.Inputs.Count; i++)
            {
                Value input = concat.Input(i);
                if (GridAnnotation.Fixed(Source(input)) is null) continue;
                Value output = new(graph.UniqueName($"{input.Name}_requantized"), input.Type, input.Shape);
                Node identity = new("Identity", output.Name, [input], [output]);
                graph.InsertBefore(concat, identity);
                concat.SetInput(i, output);
                inserted.Add(identity);
            }
        }

        return inserted;
    }

    /// <summary>The value that movers brought here.</summary>
    private static Value Source(Value value)
    {
        while (value.Producer is { } mover && Operator.Of(mover).Quantization == QuantizationRule.SharesInput)
            value = mover.Input(0);
        return value;
    }
}
