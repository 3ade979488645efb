using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Channels;

/// <summary>Removes channels; a plain graph of smaller weights remains.</summary>
internal static class ChannelSlicing
{
    /// <summary>The channels that stay of each value that loses some.</summary>
    /// <param name="removed">What is removed.</param>
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
            int[]? inputs = node.Inputs.Count == 0 || node.Input(0).IsConstant ? null : kept.GetValueOrDefault(node.Input(0).Name);
            int[]? outputs = kept.GetValueOrDefault(node.Output.Name);
            switch (node.Type)
            {
                case "Conv" or "Gemm":
                    Layer(graph, node, inputs, outputs);
                    break;
                case "Add" or "Sub" or "Mul" or "Div" or "Max" or "Min" or "Pow" or "PRelu" when outputs is not null:
                    for (int i = 0; i < node.Inputs.Count; i++)
                    {
                        if (node.Input(i).Constant is { } constant && ChannelRules.AlignedAxis(constant, node.Output) is >= 0 and int axis)
                            Take(graph, node, i, axis, outputs);
                    }

                    break;
                case "BatchNormalization" when outputs is not null:
                    for (int i = 1; i <= 4; i++) Take(graph, node, i, 0, outputs);
                    break;
                case "Reshape" when outputs is not null:
                    Set(graph, node, 1, 1, size => size > 0 ? outputs.Length : size);
                    break;
                case "Split" when inputs is not null && Axis(node) == 1:
                    long[] sizes = [.. node.Outputs.Select(o => (long)(kept.GetValueOrDefault(o!.Name)?.Length ?? o.Shape![1].Size))];
                    if (node.InputOrNull(1) is not null) graph.ReplaceConstant(node, 1, Tensor.Vector<long>(sizes));
                    else node.SetInput(1, graph.AddConstant($"{node.Label}_split", Tensor.Vector<long>(sizes)));
                    break;
                case "Slice" when inputs is not null && ChannelRules.RangeOf(node, out int position) is { } range && position >= 0:
                    int start = inputs.Count(c => c < range.Start), count = inputs.Count(c => c >= range.Start && c < range.Start + range.Count);
                    Set(graph, node, 1, position, _ => start);
                    Set(graph, node, 2, position, _ => start + count);
                    break;
            }
        }

        // Weights that were shared were sliced alike.
        SharedWeights.Merge(graph);
        ShapeInference.Run(graph);
    }

    private static void Layer(Graph graph, Node node, int[]? inputs, int[]? outputs)
    {
        int groups = node.Type == "Conv" ? (int)node.Int("group", 1) : 1;
        if (groups == 1 && inputs is not null) Take(graph, node, 1, 1, inputs);
        if (outputs is null) return;
        // Groups are removed as a whole, so those that are left are as large as before.
        if (groups > 1) node.Attributes["group"] = (long)groups * outputs.Length / node.Input(1).Constant!.Dims[0];
        Take(graph, node, 1, 0, outputs);
        if (node.InputOrNull(2) is not null) Take(graph, node, 2, 0, outputs);
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

    private static void Set(Graph graph, Node node, int input, int position, Func<long, long> change)
    {
        long[] numbers = node.Input(input).Constant!.ToInt64s();
        numbers[position] = change(numbers[position]);
        graph.ReplaceConstant(node, input, Tensor.Vector<long>(numbers));
    }

    private static long Axis(Node split)
    {
        long axis = split.Int("axis", 0);
        return axis < 0 ? axis + split.Input(0).Shape!.Rank : axis;
    }
}
