using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Tflite;
using FileTensor = ModelOpt.Runtime.Model.Tensor;

namespace ModelOpt.Compiler.Tflite.Lifts;

/// <summary>Operators that move elements.</summary>
internal static class Movement
{
    /// <summary>RESHAPE: the sizes are an input, options, or those of the output.</summary>
    public static void Reshape(Lifting at)
    {
        Value sizes;
        if (at.Has(1) && at.Input(1).Type is TensorType.Int32 or TensorType.Int64) sizes = at.LongsOf(1);
        else
        {
            long[] given = [.. at.Options.Int32s(0).ToArray().Select(i => (long)i)];
            // The oldest converters write [0] for a scalar.
            sizes = at.Longs(at.Node.OptionsType == BuiltinOptionsType.Reshape && given is not [] and not [0]
                ? given : Lifting.SizesOf(at.Output));
        }

        // In TFLite a size of zero is one.
        at.Finish(at.Add("Reshape", [at.Last(0), sizes], ("allowzero", 1L)));
    }

    /// <summary>SQUEEZE.</summary>
    public static void Squeeze(Lifting at)
    {
        long[] axes = [.. at.Options.Int32s(0).ToArray().Select(a => (long)(a < 0 ? a + at.Input(0).Rank : a))];
        if (axes.Length == 0)
            axes = [.. Enumerable.Range(0, at.Input(0).Rank).Where(i => at.Input(0).Shape[i] == 1).Select(i => (long)i)];
        at.Finish(axes.Length == 0 ? at.Add("Identity", [at.Last(0)]) : at.Add("Squeeze", [at.Last(0), at.Longs(axes)]));
    }

    /// <summary>EXPAND_DIMS.</summary>
    public static void ExpandDims(Lifting at) => at.Finish(at.Add("Unsqueeze", [at.Last(0), at.Longs(at.Int(1, "axes"))]));

    /// <summary>TRANSPOSE.</summary>
    public static void Transpose(Lifting at) => at.Finish(at.Add("Transpose", [at.Last(0)], ("perm", at.Ints(1, "axes"))));

    /// <summary>CONCATENATION.</summary>
    public static void Concatenation(Lifting at)
    {
        ConcatenationOptions options = ConcatenationOptions.Read(at.Options);
        bool first = at.PrefersFirst();
        Value[] parts = [.. Enumerable.Range(0, at.Count).Select(i => at.Operand(i, first))];
        Value result = at.AddLayer("Concat", parts, ("axis", (long)Lifting.Axis(options.Axis, at.Output.Rank, first)));
        at.Finish(result, first, options.Activation);
    }

    /// <summary>PACK.</summary>
    public static void Pack(Lifting at)
    {
        int axis = PackOptions.Read(at.Options, at.Node.OptionsType).Axis;
        axis = axis < 0 ? axis + at.Output.Rank : axis;
        Value[] parts = [.. Enumerable.Range(0, at.Count).Select(i => at.Add("Unsqueeze", [at.Last(i), at.Longs(axis)]))];
        at.Finish(at.Add("Concat", parts, ("axis", (long)axis)));
    }

    /// <summary>UNPACK.</summary>
    public static void Unpack(Lifting at)
    {
        int axis = PackOptions.Read(at.Options, at.Node.OptionsType).Axis, count = at.Node.Outputs.Length;
        axis = axis < 0 ? axis + at.Input(0).Rank : axis;
        Value[] parts = at.AddMany("Split", [at.Last(0)], count, ("axis", (long)axis), ("num_outputs", (long)count));
        for (int i = 0; i < count; i++) at.Finish(at.Add("Squeeze", [parts[i], at.Longs(axis)]), output: i);
    }

    /// <summary>SPLIT: the axis comes first.</summary>
    public static void Split(Lifting at) => SplitAlong(at, 1, at.Int(0, "axes"), null);

    /// <summary>SPLIT_V.</summary>
    public static void SplitV(Lifting at)
    {
        int axis = at.Int(2, "axes"), rank = at.Input(0).Rank;
        long[] sizes = at.Ints(1, "sizes");
        int open = Array.IndexOf(sizes, -1);
        axis = axis < 0 ? axis + rank : axis;
        if ((uint)axis >= (uint)rank) throw at.Refusal("an axis that the input lacks");
        if (open >= 0) sizes[open] = at.Input(0).Shape[axis] - sizes.Where(s => s >= 0).Sum();
        SplitAlong(at, 0, axis, sizes);
    }

    private static void SplitAlong(Lifting at, int input, int axis, long[]? sizes)
    {
        FileTensor x = at.Input(input);
        int count = at.Node.Outputs.Length;
        bool first = x.Rank >= 3 && at.Values.Constant(x) is null && at.Values.IsFirst(x);
        Value value = first ? at.First(input) : at.Last(input);
        long along = Lifting.Axis(axis, x.Rank, first);
        Value[] parts = sizes is null
            ? at.AddMany("Split", [value], count, ("axis", along), ("num_outputs", (long)count))
            : at.AddMany("Split", [value, at.Longs(sizes)], count, ("axis", along));
        for (int i = 0; i < count; i++) at.Finish(parts[i], first, i);
    }

    /// <summary>PAD and PADV2: befores and behinds of each axis, and the number that fills.</summary>
    public static void Pad(Lifting at) => Padded(at, "constant");

    /// <summary>MIRROR_PAD.</summary>
    public static void MirrorPad(Lifting at)
    {
        if (at.Options.Byte(0) == 0)
        {
            Padded(at, "reflect");
            return;
        }

        long[] pads = at.Ints(1, "pads"), sizes = Lifting.SizesOf(at.Input(0));
        if (!Array.Exists(pads, p => p > 1))
        {
            Padded(at, "edge");
            return;
        }

        // The border is mirrored, too, which no mode of Pad does: positions are picked along each axis.
        Value value = at.Last(0);
        for (int axis = 0; axis < sizes.Length; axis++)
        {
            (long before, long behind, long size) = (pads[2 * axis], pads[(2 * axis) + 1], sizes[axis]);
            if (before == 0 && behind == 0) continue;
            if (size < 0 || before < 0 || behind < 0 || Math.Max(before, behind) > size)
                throw at.Refusal("SYMMETRIC padding of an open size, or by more than there is");
            long[] positions = [.. Range(before, i => before - 1 - i), .. Range(size, i => i), .. Range(behind, i => size - 1 - i)];
            value = at.Values.Rounded(at.Add("Gather", [value, at.Longs(positions)], ("axis", (long)axis)), at.Output);
        }

        at.Finish(value);

        static IEnumerable<long> Range(long count, Func<long, long> position) =>
            Enumerable.Range(0, (int)count).Select(i => position(i));
    }

    private static void Padded(Lifting at, string mode)
    {
        long[] pads = at.Ints(1, "pads");
        int rank = at.Input(0).Rank;
        if (pads.Length != 2 * rank) throw at.Refusal($"{pads.Length} pads for {rank} axes");
        bool first = at.PrefersFirst();
        long[] ordered = new long[2 * rank];
        for (int i = 0; i < rank; i++)
        {
            int axis = Lifting.Axis(i, rank, first);
            (ordered[axis], ordered[rank + axis]) = (pads[2 * i], pads[(2 * i) + 1]);
        }

        Value? fill = mode == "constant" && at.Has(2) ? Scalar(at, 2) : null;
        at.Finish(at.AddLayer("Pad", [at.Operand(0, first), at.Longs(ordered), fill], ("mode", mode)), first);
    }

    private static Value Scalar(Lifting at, int index)
    {
        FileTensor tensor = at.Input(index);
        if (at.Values.Constant(tensor) is not { Count: 1 }) throw at.Refusal("a number to fill with that is computed");
        return at.Values.ConstantValue(tensor, [], []);
    }

    /// <summary>TILE.</summary>
    public static void Tile(Lifting at) => at.Finish(at.Add("Tile", [at.Last(0), at.LongsOf(1)]));

    /// <summary>BROADCAST_TO.</summary>
    public static void BroadcastTo(Lifting at) => at.Finish(at.Add("Expand", [at.Last(0), at.LongsOf(1)]));

    /// <summary>FILL: sizes, and a number.</summary>
    public static void Fill(Lifting at) => at.Finish(at.Add("Expand", [at.Last(1), at.LongsOf(0)]));

    /// <summary>ZEROS_LIKE.</summary>
    public static void ZerosLike(Lifting at) => at.Finish(at.Add("Expand", [at.Number(0), at.Add("Shape", [at.Last(0)])]));

    /// <summary>SHAPE.</summary>
    public static void Shape(Lifting at) => at.FinishLongs(at.Add("Shape", [at.Last(0)]));

    /// <summary>RANK.</summary>
    public static void Rank(Lifting at) => at.Values.Know(at.Output, Tensor.Scalar(at.Input(0).Rank));

    /// <summary>REVERSE_V2.</summary>
    public static void Reverse(Lifting at)
    {
        long[] axes = at.Ints(1, "axes");
        long[] Each(long number) => [.. axes.Select(_ => number)];
        at.Finish(at.Add("Slice",
            [at.Last(0), at.Longs(Each(-1)), at.Longs(Each(-int.MaxValue)), at.Longs(axes), at.Longs(Each(-1))]));
    }

    /// <summary>SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND of images.</summary>
    public static Action<Lifting> Batches(bool toBatch) => at =>
    {
        long[] blocks = at.Ints(1, "blocks"), pads = at.Ints(2, "pads"), x = Lifting.SizesOf(at.Input(0)), y = Lifting.SizesOf(at.Output);
        if (x.Length != 4 || blocks.Length != 2 || pads.Length != 4 || x.Concat(y).Any(d => d < 0) || blocks.Any(b => b < 1))
            throw at.Refusal("it has no images of known sizes");
        (long rows, long columns) = (blocks[0], blocks[1]);
        Value value = at.Last(0);
        if (toBatch)
        {
            if (pads.Any(p => p != 0))
                value = at.Values.Rounded(at.Add("Pad", [value, at.Longs(0, pads[0], pads[2], 0, 0, pads[1], pads[3], 0)]), at.Output);
            value = Sized(value, [x[0], y[1], rows, y[2], columns, x[3]]);
            at.Finish(Sized(Moved(value, [2, 4, 0, 1, 3, 5]), y));
            return;
        }

        value = Sized(value, [rows, columns, y[0], x[1], x[2], x[3]]);
        value = Sized(Moved(value, [2, 3, 0, 4, 1, 5]), [y[0], x[1] * rows, x[2] * columns, x[3]]);
        at.Finish(at.Add("Slice", [value, at.Longs(pads[0], pads[2]), at.Longs(pads[0] + y[1], pads[2] + y[2]), at.Longs(1, 2)]));

        Value Sized(Value of, long[] sizes) => at.Values.Rounded(at.Add("Reshape", [of, at.Longs(sizes)]), at.Output);
        Value Moved(Value of, long[] order) => at.Values.Rounded(at.Add("Transpose", [of], ("perm", order)), at.Output);
    };
}
