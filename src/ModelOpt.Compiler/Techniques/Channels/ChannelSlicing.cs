using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Channels;

/// <summary>Removes channels; a plain graph of smaller weights remains.</summary>
internal static class ChannelSlicing
{
    /// <summary>The channels that stay of each value that loses some.</summary>
    /// <returns>By value name, the indices that stay in ascending order.</returns>
    public static Dictionary<string, int[]> Kept(IEnumerable<ChannelUnit> removed)
    {
        Dictionary<string, int[]> kept = [];
        foreach (var channels in removed.SelectMany(u => u.Channels).GroupBy(c => c.Value, c => c.Channel))
            kept[channels.Key.Name] = [.. Enumerable.Range(0, (int)channels.Key.Shape![1].Size).Except(channels)];
        return kept;
    }

    /// <summary>Slices weights and everything else that depends on the number of channels, and infers the shapes again.</summary>
    /// <param name="graph">The graph, or a clone of it.</param>
    /// <param name="kept">What <see cref="Kept"/> gave.</param>
    public static void Apply(Graph graph, IReadOnlyDictionary<string, int[]> kept)
    {
        foreach (Node node in graph.Nodes)
        {
            if (!node.Inputs.Concat(node.Outputs).Any(v => v is not null && Stay(v) is not null)) continue;
            (int Input, int Axis, int[] Kept)[] parameters = [.. ChannelRules.Parameters(node, Stay)];
            foreach ((int input, int axis, int[] indices) in parameters) Take(graph, node, input, axis, indices);
            Operator.Of(node).Narrow(graph, node, new AxisCut((value, axis) => axis == 1 ? Stay(value) : null));
        }

        // Weights that were shared were sliced alike.
        SharedWeights.Merge(graph);
        ShapeInference.Run(graph);

        int[]? Stay(Value value) => value.IsConstant ? null : kept.GetValueOrDefault(value.Name);
    }

    private static void Take(Graph graph, Node node, int input, int axis, int[] indices)
    {
        Tensor tensor = node.Input(input).Constant!;
        int[] dims = tensor.Dims.ToArray();
        int length = dims[axis], inner = 1, outer = 1;
        foreach (int dim in dims.AsSpan(axis + 1)) inner *= dim;
        foreach (int dim in dims.AsSpan(0, axis)) outer *= dim;
        dims[axis] = indices.Length;
        float[] values = new float[outer * indices.Length * inner];
        ReadOnlySpan<float> from = tensor.Span<float>();
        for (int o = 0, at = 0; o < outer; o++)
        {
            foreach (int index in indices)
            {
                from.Slice(((o * length) + index) * inner, inner).CopyTo(values.AsSpan(at));
                at += inner;
            }
        }

        graph.ReplaceConstant(node, input, Tensor.Of<float>(dims, values));
    }
}
