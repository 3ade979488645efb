using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Reduction;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>
/// Recognizes (x − mean) / √(mean((x − mean)²) + ε) in the forms that exporters write. It becomes an InstanceNormalization where all axes
/// behind the channels are normalized, else a LayerNormalization with the scale and shift that follow. These compute in float, where
/// int8 would round the squares and ε to nothing. Where a value in between is rounded to a grid, the nodes stay.
/// </summary>
internal sealed class NormalizationFusion : Pass
{
    public override PassPhase Phase => PassPhase.Simplify;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        foreach (Node node in graph.Nodes.ToArray())
        {
            if (node.Type is not ("Div" or "Mul" or "Add") || Find(node) is not { } found) continue;
            int rank = found.X.Shape!.Rank;
            bool isTrailing = found.Axes.Order().SequenceEqual(Enumerable.Range(rank - found.Axes.Length, found.Axes.Length));
            bool isOpen = found.Axes.Any(a => !found.X.Shape[a].IsKnown);
            // Of three axes the last is more often that of features than that of places.
            bool isInstance = (rank > 3 || (rank == 3 && isOpen)) && isTrailing && found.Axes.Length == rank - 2
                && found.X.Shape[1].IsKnown;
            if (!isInstance && isOpen) continue;
            if (isInstance) ReplaceByInstance(graph, node, found);
            else ReplaceByLayer(graph, node, found, isTrailing);
            changes++;
        }

        return PassResult.Of(changes);
    }

    private static void ReplaceByInstance(Graph graph, Node node, Moments found)
    {
        int channels = (int)found.X.Shape![1].Size;
        var replacement = new NodeReplacement(graph, node);
        Value last = replacement.Add(
            "InstanceNormalization", [found.X, Constant(graph, node, 1, [channels]), Constant(graph, node, 0, [channels])], null,
            [new("epsilon", found.Epsilon)], node.Name);
        replacement.End(Affine(replacement, last, found), node.Output);
    }

    private static void ReplaceByLayer(Graph graph, Node node, Moments found, bool isTrailing)
    {
        var replacement = new NodeReplacement(graph, node);
        int rank = found.X.Shape!.Rank;
        int[] axes = [.. found.Axes.Order()];
        long[] order = [.. Enumerable.Range(0, rank).Where(a => !axes.Contains(a)).Concat(axes).Select(a => (long)a)];
        int[] sizes = [.. axes.Select(a => (int)found.X.Shape[a].Size)];
        Value x = isTrailing ? found.X : replacement.Add("Transpose", [found.X], found.X.Quantization, [new("perm", order)]);
        Value last = replacement.Add(
            "LayerNormalization", [x, Constant(graph, node, 1, sizes)], null,
            [new("axis", (long)-axes.Length), new("epsilon", found.Epsilon)], node.Name);
        if (!isTrailing)
        {
            long[] back = [.. Enumerable.Range(0, rank).Select(a => (long)Array.IndexOf(order, a))];
            last = replacement.Add("Transpose", [last], null, [new("perm", back)]);
        }

        replacement.End(Affine(replacement, last, found), node.Output);
    }

    private static Value Affine(NodeReplacement replacement, Value unit, Moments found)
    {
        if (found.Scale is { } scale) unit = replacement.Add("Mul", [unit, scale], null, []);
        return found.Shift is { } shift ? replacement.Add("Add", [unit, shift], null, []) : unit;
    }

    private static Value Constant(Graph graph, Node node, float number, int[] sizes)
    {
        float[] numbers = new float[sizes.Aggregate(1, (count, size) => count * size)];
        Array.Fill(numbers, number);
        return graph.AddConstant($"{node.Label}_{(number == 0 ? "shift" : "scale")}", Tensor.Of<float>(sizes, numbers));
    }

    /// <summary>What a node normalizes, or null.</summary>
    private static Moments? Find(Node node) => node.Type switch
    {
        // (x − mean) / √(var + ε), and (x − mean) · 1 / √(var + ε)
        "Div" => Plain(Inner(node.Input(0)), Deviation(node.Input(1))),
        "Mul" => Product(node, Inverse) is var (centred, variance) ? Plain(Inner(centred), variance) : null,
        // x · g + (shift − mean · g) with g = scale / √(var + ε), as TensorFlow's batch_normalization has it
        _ => Product(node, v => Inner(v) is { Type: "Sub" } sub ? sub : null) is var (scaled, rest) ? Gathered(Inner(scaled), rest) : null,
    };

    private static Moments? Plain(Node? centred, (Value Variance, float Epsilon)? deviation) =>
        centred is { Type: "Sub" } && deviation is var (variance, epsilon) && Axes(centred, variance) is { } axes
            ? new Moments(centred.Input(0), axes, epsilon, null, null) : null;

    private static Moments? Gathered(Node? product, Node rest)
    {
        if (product is not { Type: "Mul" } || Inner(rest.Input(1)) is not { Type: "Mul" } shifted) return null;
        foreach ((Value x, Value gain) in new[] { (product.Input(0), product.Input(1)), (product.Input(1), product.Input(0)) })
        {
            Value mean = shifted.Input(0) == gain ? shifted.Input(1) : shifted.Input(0);
            if (!shifted.Inputs.Contains(gain) || MeanAxes(mean, x) is not { } axes) continue;
            (Value Variance, float Epsilon)? deviation = Inverse(gain);
            Value? scale = null;
            if (deviation is null && Inner(gain) is { Type: "Mul" } gained && Product(gained, Inverse) is var (factor, inverse))
                (deviation, scale) = (inverse, factor);
            if (deviation is not var (variance, epsilon) || Centred(variance) is not { } centred) continue;
            if (centred.Input(0) == x && centred.Input(1) == mean && Axes(centred, variance) is { } same && same.SequenceEqual(axes))
                return new Moments(x, axes, epsilon, scale, rest.Input(0));
        }

        return null;
    }

    /// <summary>The axes, where the variance is the mean of the squares of the centred value, or of an equal one.</summary>
    private static int[]? Axes(Node centred, Value variance)
    {
        if (centred.Input(0).Type != ElementType.Float32 || Centred(variance) is not { } other) return null;
        if (MeanAxes(centred.Input(1), centred.Input(0)) is not { Length: > 0 } axes) return null;
        bool isSame = other == centred || (other.Input(0) == centred.Input(0)
            && MeanAxes(other.Input(1), other.Input(0)) is { } others && others.SequenceEqual(axes));
        return isSame && MeanAxes(variance, Inner(variance)!.Input(0)) is { } squares && squares.SequenceEqual(axes) ? axes : null;
    }

    /// <summary>The difference that a variance is the mean square of.</summary>
    private static Node? Centred(Value variance)
    {
        if (Inner(variance) is not { Type: "ReduceMean" } mean || Inner(mean.Input(0)) is not { } square) return null;
        bool isSquare = (square.Type == "Pow" && Scalar(square.Input(1)) == 2)
            || (square.Type == "Mul" && square.Input(0) == square.Input(1));
        return isSquare && Inner(square.Input(0)) is { Type: "Sub" } sub ? sub : null;
    }

    /// <summary>The axes over which a value is the mean of another, which it keeps with size 1.</summary>
    private static int[]? MeanAxes(Value mean, Value of) =>
        Inner(mean) is { Type: "ReduceMean" } node && node.Input(0) == of && ReducedAxes.Keep(node)
        && (node.InputOrNull(1) is null or { IsConstant: true })
            ? [.. ReducedAxes.Of(node).Order()] : null;

    private static (Value Variance, float Epsilon)? Inverse(Value value) => Inner(value) switch
    {
        { Type: "Reciprocal" } node => Deviation(node.Input(0)),
        { Type: "Div" } node when Scalar(node.Input(0)) == 1 => Deviation(node.Input(1)),
        { Type: "Pow" } node when Scalar(node.Input(1)) == -0.5f => Padded(node.Input(0)),
        _ => null,
    };

    private static (Value Variance, float Epsilon)? Deviation(Value value) => Inner(value) switch
    {
        { Type: "Sqrt" } node => Padded(node.Input(0)),
        { Type: "Pow" } node when Scalar(node.Input(1)) == 0.5f => Padded(node.Input(0)),
        _ => null,
    };

    private static (Value Variance, float Epsilon)? Padded(Value value) =>
        Inner(value) is not { Type: "Add" } node ? null
        : Scalar(node.Input(1)) is { } epsilon ? (node.Input(0), epsilon)
        : Scalar(node.Input(0)) is { } first ? (node.Input(1), first)
        : null;

    /// <summary>The input of a product or sum for which a function finds something, and the other input.</summary>
    private static (Value Other, T Found)? Product<T>(Node node, Func<Value, T?> find) where T : struct =>
        find(node.Input(1)) is { } second ? (node.Input(0), second)
        : find(node.Input(0)) is { } first ? (node.Input(1), first)
        : null;

    private static (Value Other, Node Found)? Product(Node node, Func<Value, Node?> find) =>
        find(node.Input(1)) is { } second ? (node.Input(0), second)
        : find(node.Input(0)) is { } first ? (node.Input(1), first)
        : null;

    /// <summary>The node of a value that is not rounded.</summary>
    private static Node? Inner(Value value) => value.Quantization is null ? value.Producer : null;

    private static float? Scalar(Value value) =>
        value.Constant is { Type: ElementType.Float32, Count: 1 } scalar ? scalar.Span<float>()[0] : null;

    private sealed record Moments(Value X, int[] Axes, float Epsilon, Value? Scale, Value? Shift);
}
