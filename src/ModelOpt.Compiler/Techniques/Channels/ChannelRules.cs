using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Channels;

/// <summary>How each operator ties the channels (axis 1) of its output to its inputs' channels.</summary>
internal static class ChannelRules
{
    /// <summary>Ties the channels that a node's values have in common, or blocks them where the operator is not followed.</summary>
    /// <param name="links">The ties so far.</param>
    /// <param name="node">The node.</param>
    public static void Link(ChannelLinks links, Node node)
    {
        if (Refusal(links, node) is not { } reason) return;
        foreach (Value value in node.Inputs.Concat(node.Outputs).OfType<Value>().Where(v => !v.IsConstant))
            links.Block(value, $"{node.Label} ({node.Type}) {reason}");
    }

    /// <summary>Whether a node is a convolution or dense layer whose weights can be cut.</summary>
    /// <param name="node">The node.</param>
    public static bool IsLayer(Node node) =>
        (node.Type == "Conv" || (node.Type == "Gemm" && GemmCanonicalization.IsCanonical(node)))
        && !node.Input(0).IsConstant && OutputAffine.IsFree(node.Input(1))
        && (node.InputOrNull(2) is not { } bias || OutputAffine.IsFree(bias));

    /// <summary>The axis of a constant operand that is aligned with the channels of the output; negative where it has none.</summary>
    /// <param name="constant">The operand.</param>
    /// <param name="output">The output.</param>
    /// <returns>An axis whose length is the number of channels, or -1 where the constant is the same for all channels.</returns>
    public static int AlignedAxis(Tensor constant, Value output)
    {
        int axis = constant.Rank - output.Shape!.Rank + 1;
        return axis >= 0 && constant.Dims[axis] != 1 ? axis : -1;
    }

    /// <summary>The range of channels that a Slice takes; null where it takes other than every one of a range.</summary>
    /// <param name="slice">The Slice.</param>
    /// <param name="position">Where axis 1 stands among its axes; -1 where it is not cut.</param>
    public static (int Start, int Count)? RangeOf(Node slice, out int position)
    {
        position = -1;
        int channels = (int)slice.Input(0).Shape![1].Size, rank = slice.Input(0).Shape!.Rank;
        if (slice.Input(1).Constant is not { } starts || slice.Input(2).Constant is null) return null;
        if (slice.InputOrNull(3) is { Constant: null } || slice.InputOrNull(4) is { Constant: null }) return null;
        long[] axes = slice.InputOrNull(3)?.Constant!.ToInt64s() ?? [.. Enumerable.Range(0, starts.Count).Select(i => (long)i)];
        position = Array.FindIndex(axes, a => (a < 0 ? a + rank : a) == 1);
        if (position < 0) return (0, channels);
        if (slice.InputOrNull(4)?.Constant!.ToInt64s()[position] is not (null or 1)) return null;
        long start = starts.ToInt64s()[position];
        return ((int)Math.Clamp(start < 0 ? start + channels : start, 0, channels), (int)slice.Output.Shape![1].Size);
    }

    /// <summary>Ties the channels that it can.</summary>
    /// <returns>Null, or why the channels must stay.</returns>
    private static string? Refusal(ChannelLinks links, Node node)
    {
        switch (node.Type)
        {
            case "Conv" or "Gemm":
                return IsLayer(node) ? Layer(links, node) : "has weights that are computed or lie on a grid";
            case "Relu" or "LeakyRelu" or "Sigmoid" or "Tanh" or "HardSigmoid" or "HardSwish" or "Clip" or "Exp" or "Neg" or "Sqrt"
                or "Identity" or "Dropout" or "Cast" or "MaxPool" or "AveragePool" or "GlobalAveragePool":
                return Same(links, node);
            case "BatchNormalization":
                return node.Inputs.Skip(1).All(i => OutputAffine.IsFree(i!)) ? Same(links, node) : "has parameters that are computed";
            case "Add" or "Sub" or "Mul" or "Div" or "Max" or "Min" or "Pow" or "PRelu":
                return Elementwise(links, node);
            case "ReduceMean" or "ReduceSum":
                return ReducesSpace(node) ? Same(links, node) : "reduces more than spatial axes";
            case "Pad":
                return PadsSpace(node) ? Same(links, node) : "pads more than spatial axes";
            case "Flatten" or "Reshape" or "Squeeze" or "Unsqueeze":
                return Reshaped(links, node);
            case "Transpose":
                return node.Ints("perm") is [0, 1, ..] ? Same(links, node) : "moves the channels to another axis";
            case "Concat":
                return Joined(links, node);
            case "Split":
                return Cut(links, node);
            case "Slice":
                return Sliced(links, node);
            default:
                return "is not followed";
        }
    }

    /// <summary>A group of a grouped convolution is removed as a whole: its inputs with its outputs.</summary>
    private static string? Layer(ChannelLinks links, Node node)
    {
        int groups = node.Type == "Conv" ? (int)node.Int("group", 1) : 1;
        int inputs = links.Count(node.Input(0)) / groups, outputs = links.Count(node.Output) / groups;
        if (inputs == 0 || outputs == 0) return "has channels of unknown number";
        for (int g = 0; groups > 1 && g < groups; g++)
        {
            for (int c = 1; c < inputs; c++) links.Join(node.Input(0), g * inputs, node.Input(0), (g * inputs) + c);
            for (int c = 0; c < outputs; c++) links.Join(node.Input(0), g * inputs, node.Output, (g * outputs) + c);
        }

        return null;
    }

    private static string? Same(ChannelLinks links, Node node)
    {
        if (node.Outputs.Count(o => o is not null) > 1) return "has several outputs";
        int channels = links.Count(node.Input(0));
        if (channels == 0 || links.Count(node.Output) != channels) return "has channels of unknown number";
        links.Join(node.Input(0), node.Output);
        return null;
    }

    private static string? Elementwise(ChannelLinks links, Node node)
    {
        int channels = links.Count(node.Output), rank = node.Output.Shape!.Rank;
        Value[] data = [.. node.Inputs.OfType<Value>().Where(v => !v.IsConstant)];
        if (channels == 0 || Array.Exists(data, v => v.Shape!.Rank != rank || links.Count(v) != channels)) return "spreads values over channels";
        foreach (Value constant in node.Inputs.OfType<Value>().Where(v => v.IsConstant))
        {
            int axis = AlignedAxis(constant.Constant!, node.Output);
            if (axis >= 0 && (constant.Constant!.Dims[axis] != channels || !OutputAffine.IsFree(constant))) return "has an operand that is not followed";
        }

        foreach (Value value in data) links.Join(value, node.Output);
        return null;
    }

    private static bool ReducesSpace(Node node)
    {
        int rank = node.Input(0).Shape!.Rank;
        long[]? axes = node.Type == "ReduceMean" ? node.Ints("axes") : node.InputOrNull(1)?.Constant?.ToInt64s();
        return axes is { Length: > 0 } && axes.All(a => (a < 0 ? a + rank : a) > 1);
    }

    private static bool PadsSpace(Node node)
    {
        int rank = node.Input(0).Shape!.Rank;
        return node.InputOrNull(3) is null && node.InputOrNull(1)?.Constant?.ToInt64s() is { } pads && pads.Length == 2 * rank
            && pads[0] == 0 && pads[1] == 0 && pads[rank] == 0 && pads[rank + 1] == 0;
    }

    /// <summary>[N, C, …] to [N, C·k, …] or back: channel c becomes the k channels from c·k on.</summary>
    private static string? Reshaped(ChannelLinks links, Node node)
    {
        Value input = node.Input(0), output = node.Output;
        int from = links.Count(input), to = links.Count(output);
        bool fits = from > 0 && to > 0 && input.Shape![0] == output.Shape![0] && (from % to == 0 || to % from == 0)
            && input.Shape.Skip(2).Concat(output.Shape.Skip(2)).All(d => d.IsKnown)
            && (node.Type != "Reshape" || node.Input(1).Constant is { Count: >= 2 });
        if (!fits) return "does not keep channels apart";
        int most = Math.Max(from, to);
        for (int c = 0; c < most; c++) links.Join(input, (int)((long)c * from / most), output, (int)((long)c * to / most));
        return null;
    }

    private static string? Joined(ChannelLinks links, Node node)
    {
        int rank = node.Output.Shape!.Rank;
        Value[] parts = [.. node.Inputs.OfType<Value>()];
        if (links.Count(node.Output) == 0 || Array.Exists(parts, p => p.IsConstant || links.Count(p) == 0)) return "joins what is not followed";
        long axis = node.Int("axis", 0);
        axis = axis < 0 ? axis + rank : axis;
        if (axis == 0) return "joins samples";
        int begin = 0;
        foreach (Value part in parts)
        {
            for (int c = 0; c < links.Count(part); c++) links.Join(part, c, node.Output, begin + c);
            if (axis == 1) begin += links.Count(part);
        }

        return null;
    }

    private static string? Cut(ChannelLinks links, Node node)
    {
        Value input = node.Input(0);
        long axis = node.Int("axis", 0);
        axis = axis < 0 ? axis + input.Shape!.Rank : axis;
        bool fits = axis > 0 && node.Outputs.All(o => o is not null && links.Count(o) > 0) && links.Count(input) > 0
            && node.InputOrNull(1) is null or { IsConstant: true };
        if (!fits) return "cuts what is not followed";
        int begin = 0;
        foreach (Value piece in node.Outputs.OfType<Value>())
        {
            for (int c = 0; c < links.Count(piece); c++) links.Join(input, begin + c, piece, c);
            if (axis == 1) begin += links.Count(piece);
        }

        return null;
    }

    private static string? Sliced(ChannelLinks links, Node node)
    {
        if (links.Count(node.Input(0)) == 0 || links.Count(node.Output) == 0) return "cuts what is not followed";
        if (node.Input(0).Shape![0] != node.Output.Shape![0] || RangeOf(node, out _) is not { } range) return "does not cut out a range";
        for (int c = 0; c < range.Count; c++) links.Join(node.Input(0), range.Start + c, node.Output, c);
        return null;
    }
}
