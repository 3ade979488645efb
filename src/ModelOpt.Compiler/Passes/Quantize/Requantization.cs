using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators;

namespace ModelOpt.Compiler.Passes.Quantize;

/// <summary>
/// Puts an Identity before every Concat input whose grid is prescribed (a Sigmoid's, a Softmax's, a Tanh's), where the
/// other inputs have theirs from calibration: the Identity's output is on the Concat's grid. Likewise before a Pad of such a
/// value with a number that its grid does not reach.
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
        foreach (Node node in graph.Nodes.Where(isInt8).ToArray())
        {
            bool isConcat = Operator.Of(node).Quantization == QuantizationRule.SharesAll;
            for (int i = 0; isConcat && i < node.Inputs.Count; i++)
                if (GridAnnotation.Fixed(Source(node.Input(i))) is not null) Insert(node, i);
            if (node.Type == "Pad" && GridAnnotation.Fixed(Source(node.Input(0))) is { } grid && !Reaches(grid, node.InputOrNull(2))) Insert(node, 0);
        }

        return inserted;

        void Insert(Node reader, int index)
        {
            Value input = reader.Input(index), output = new(graph.UniqueName($"{input.Name}_requantized"), input.Type, input.Shape);
            Node identity = new("Identity", output.Name, [input], [output]);
            graph.InsertBefore(reader, identity);
            reader.SetInput(index, output);
            inserted.Add(identity);
        }
    }

    private static bool Reaches(Quantization grid, Value? value) => value?.Constant is not { Type: ElementType.Float32, Count: 1 } constant
        || MathF.Abs(QuantizationMath.Round(grid, 0, constant.Span<float>()[0]) - constant.Span<float>()[0]) <= grid.Scale;

    /// <summary>The value that movers brought here.</summary>
    private static Value Source(Value value)
    {
        while (value.Producer is { } mover && Operator.Of(mover).Quantization == QuantizationRule.SharesInput)
            value = mover.Input(0);
        return value;
    }
}
