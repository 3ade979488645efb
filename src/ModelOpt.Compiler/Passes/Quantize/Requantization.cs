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
    /// <returns>How many were inserted.</returns>
    public static int Insert(Graph graph, Func<Node, bool> isInt8)
    {
        int count = 0;
        foreach (Node concat in graph.Nodes.Where(n => Operator.Of(n).Quantization == QuantizationRule.SharesAll && isInt8(n)).ToArray())
        {
            for (int i = 0; i < concat.Inputs.Count; i++)
            {
                Value input = concat.Input(i);
                if (GridAnnotation.Fixed(Source(input)) is null) continue;
                Value output = new(graph.UniqueName($"{input.Name}_requantized"), input.Type, input.Shape);
                graph.InsertBefore(concat, new Node("Identity", output.Name, [input], [output]));
                concat.SetInput(i, output);
                count++;
            }
        }

        return count;
    }

    /// <summary>The value that movers brought here.</summary>
    private static Value Source(Value value)
    {
        while (value.Producer is { } mover && Operator.Of(mover).Quantization == QuantizationRule.SharesInput)
            value = mover.Input(0);
        return value;
    }
}
