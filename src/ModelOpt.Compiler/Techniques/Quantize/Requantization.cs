using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Movement;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>Inserts Identity nodes between values whose grids must differ; the Identity's output is on the grid of its reader.</summary>
internal static class Requantization
{
    /// <summary>
    /// Inserts them before every Concat input whose grid is prescribed (a Sigmoid's, a Softmax's, a Tanh's), where the other inputs
    /// have theirs from calibration, and before a Pad of such a value with a number that its grid does not reach.
    /// </summary>
    /// <param name="isInt8">Whether a node is to run in int8.</param>
    /// <returns>Those that were inserted.</returns>
    public static IReadOnlyList<Node> Insert(Graph graph, Func<Node, bool> isInt8)
    {
        List<Node> inserted = [];
        foreach (Node node in graph.Nodes.Where(isInt8).ToArray())
        {
            bool isConcat = Operator.Of(node).Quantization == QuantizationRule.SharesAll;
            for (int i = 0; isConcat && i < node.Inputs.Count; i++)
                if (Fixed(node.Input(i)) is not null) inserted.Add(Before(graph, node, i));
            if (Operator.Of(node).Fill(node) is { } fill && Fixed(node.Input(0)) is { } grid && !Reaches(grid, fill))
                inserted.Add(Before(graph, node, 0));
        }

        return inserted;

        Quantization? Fixed(Value value) => IntegerForm.Prescribed(Source(value), isInt8);
    }

    /// <summary>
    /// Inserts them before Concats that movers join to values of far wider ranges, so that each Concat has a grid of its own: one grid
    /// for all would leave the narrow values next to no steps.
    /// </summary>
    /// <param name="ranges">The range of each activation of the scheme.</param>
    /// <returns>Those that were inserted.</returns>
    public static IReadOnlyList<Node> Separate(Graph graph, QuantizationScheme scheme, Func<Value, ValueRange> ranges)
    {
        List<Node> inserted = [];
        Node[] concats = [.. scheme.Nodes.Where(n => Operator.Of(n).Quantization == QuantizationRule.SharesAll)];
        foreach (IReadOnlyList<Value> group in scheme.Groups.ToArray())
        {
            Node[] joined = [.. concats.Where(c => group.Contains(c.Output))];
            if (joined.Length == 0) continue;
            float width = group.Select(ranges).Aggregate((a, b) => a.Union(b)).Width;
            if (!joined.Any(c => WideConcats.Widths(c, ranges) is { Length: > 0 } own
                && !WideConcats.AreApart(own.Min(), own.Max()) && WideConcats.AreApart(own.Min(), width))) continue;
            foreach (Node concat in joined)
                for (int i = 0; i < concat.Inputs.Count; i++)
                    if (IsJoined(concat.Input(i), concat)) inserted.Add(Before(graph, concat, i));
        }

        return inserted;
    }

    private static Node Before(Graph graph, Node reader, int index)
    {
        Value input = reader.Input(index), output = new(graph.UniqueName($"{input.Name}_requantized"), input.Type, input.Shape);
        Node identity = new("Identity", output.Name, [input], [output]);
        graph.InsertBefore(reader, identity);
        reader.SetInput(index, output);
        return identity;
    }

    /// <summary>Whether a Concat's input may have its grid from others than this Concat.</summary>
    private static bool IsJoined(Value input, Node concat) => !input.IsConstant
        && (input.Consumers.Any(n => n != concat && IntegerForm.JoinsGrids(n))
            || (input.Producer is { } producer && IntegerForm.JoinsGrids(producer)));

    private static bool Reaches(Quantization grid, Value value) => value.Constant is not { Type: ElementType.Float32, Count: 1 } constant
        || MathF.Abs(QuantizationMath.Round(grid, 0, constant.Span<float>()[0]) - constant.Span<float>()[0]) <= grid.Scale;

    /// <summary>The value that movers brought here.</summary>
    private static Value Source(Value value)
    {
        while (value.Producer is { } mover && Operator.Of(mover).Quantization == QuantizationRule.SharesInput)
            value = mover.Input(0);
        return value;
    }
}
