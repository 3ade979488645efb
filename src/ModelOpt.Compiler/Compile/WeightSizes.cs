using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Compile;

/// <summary>
/// Sizes of inputs that a file leaves open although the weights behind them say them, such as the channels of an image: a model takes no
/// others.
/// </summary>
internal static class WeightSizes
{
    /// <summary>Sets those sizes.</summary>
    /// <param name="graph">The graph as read, before shapes are inferred.</param>
    public static void Fix(Graph graph)
    {
        foreach (Value input in graph.Inputs)
        {
            if (input.Shape is not { } shape || shape.Skip(1).All(d => d.IsKnown)) continue;
            Dim[] sizes = [.. shape];
            Follow(input, [.. Enumerable.Range(0, sizes.Length)], sizes);
            input.Shape = new Shape(sizes);
        }
    }

    /// <param name="axes">For each axis of a value, the axis of the input that it is.</param>
    private static void Follow(Value value, int[] axes, Dim[] sizes)
    {
        foreach (Node node in value.Consumers)
        {
            if (node.Domain.Length > 0 || node.InputOrNull(0) != value) continue;
            if (Read(node, axes.Length) is var (axis, size))
            {
                if (axis < axes.Length && axes[axis] > 0 && !sizes[axes[axis]].IsKnown) sizes[axes[axis]] = size;
            }
            else if (node.Type is "Cast" or "Identity" or "QuantizeLinear" or "DequantizeLinear" or "Dropout")
                Follow(node.Output, axes, sizes);
            else if (node.Type is "Add" or "Sub" or "Mul" or "Div" && node.Input(1).Constant is { } other && other.Rank <= axes.Length)
                Follow(node.Output, axes, sizes);
            else if (node.Type == "Transpose" && node.Ints("perm") is { } order && IsOrder(order, axes.Length))
                Follow(node.Output, [.. order.Select(a => axes[a])], sizes);
        }
    }

    /// <summary>The axis of a node's data of which a weight says the size, and the size.</summary>
    private static (int Axis, Dim Size)? Read(Node node, int rank)
    {
        Tensor? weight = node.InputOrNull(1)?.Constant;
        if (weight is null) return null;
        return node.Type switch
        {
            "Conv" when weight.Rank == rank && rank > 2 => (1, weight.Dims[1] * node.Int("group", 1)),
            "ConvTranspose" when weight.Rank == rank && rank > 2 => (1, weight.Dims[0]),
            "MatMul" when weight.Rank >= 2 => (rank - 1, weight.Dims[^2]),
            "Gemm" when weight.Rank == 2 && node.Int("transA", 0) == 0 => (1, weight.Dims[node.Int("transB", 0) == 0 ? 0 : 1]),
            "BatchNormalization" when weight.Rank == 1 => (1, weight.Dims[0]),
            "LSTM" or "GRU" or "RNN" when weight.Rank == 3 && rank == 3 => (2, weight.Dims[2]),
            _ => null,
        };
    }

    private static bool IsOrder(long[] order, int rank) =>
        order.Length == rank && Array.TrueForAll(order, a => a >= 0 && a < rank);
}
