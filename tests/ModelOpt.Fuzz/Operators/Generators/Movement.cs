namespace ModelOpt.Fuzz.Operators.Generators;

/// <summary>Operators that move elements: which go where depends on attributes and integers.</summary>
internal static class Movement
{
    /// <summary>Concat.</summary>
    public static void Concat(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank(1));
        int axis = c.Draw.Int(0, dims.Length - 1), count = c.Draw.Int(1, 4);
        c.With("axis", c.Draw.Axis(axis, dims.Length, c.Opset >= 11));
        for (int i = 0; i < count; i++)
        {
            int[] own = [.. dims];
            own[axis] = c.Draw.Size();
            c.Data(own);
        }
    }

    /// <summary>Gather: indices of any rank, negative ones too.</summary>
    public static void Gather(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank(1, 4));
        int axis = c.Draw.Int(0, dims.Length - 1);
        dims[axis] = Math.Max(1, dims[axis]);
        if (axis > 0 || c.Draw.Chance(0.3)) c.With("axis", c.Draw.Axis(axis, dims.Length));
        c.Data(dims);
        ElementType type = c.Type(1);
        int[] shape = c.Draw.Dims(c.Draw.Pick(0, 0, 1, 1, 1, 2));
        c.Parameter(c.Draw.Tensor(type, shape, c.Opset >= 11 && c.Draw.Chance(0.3) ? -dims[axis] : 0, dims[axis] - 1), 0.3);
    }

    /// <summary>Slice: starts and ends beyond the ends, steps of either sign, axes named or not.</summary>
    public static void Slice(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank(1));
        long[] axes = c.Draw.Axes(dims.Length, 1, c.Opset >= 10);
        bool isNamed = c.Draw.Chance(0.7);
        if (!isNamed) axes = [.. Enumerable.Range(0, axes.Length).Select(a => (long)a)];
        long[] starts = new long[axes.Length], ends = new long[axes.Length], steps = new long[axes.Length];
        bool hasSteps = c.Opset >= 10 && c.Draw.Chance(0.5);
        for (int i = 0; i < axes.Length; i++)
        {
            int size = dims[(axes[i] + dims.Length) % dims.Length];
            steps[i] = hasSteps ? c.Draw.Pick<long>(1, 1, 2, 3, -1, -2) : 1;
            long low = c.Draw.Chance(0.9) ? c.Draw.Int(0, Math.Max(0, size / 2)) : c.Draw.Int(-size - 2, size + 2);
            long high = c.Draw.Chance(0.3) ? c.Draw.Pick(int.MaxValue, long.MaxValue, size + 3)
                : c.Draw.Chance(0.3) ? -c.Draw.Int(1, 2) : c.Draw.Int((int)low, size + 1);
            (starts[i], ends[i]) = steps[i] > 0
                ? (low, high)
                : (high, c.Draw.Chance(0.4) ? c.Draw.Pick(int.MinValue, long.MinValue, -size - 1) : low);
        }

        c.Data(dims);
        double computed = 0.03;
        if (c.Schema.HasAttribute("starts"))
        {
            c.With("starts", starts).With("ends", ends);
            if (isNamed) c.With("axes", axes);
            return;
        }

        bool isNarrow = c.Draw.Chance(0.3);
        c.Parameter(Ints(starts), computed).Parameter(Ints(ends), computed);
        if (isNamed) c.Parameter(Ints(axes), computed);
        else if (hasSteps) c.Omit();
        if (hasSteps) c.Parameter(Ints(steps), computed);

        Tensor Ints(long[] values) => isNarrow
            ? Tensor.Vector<int>([.. values.Select(v => (int)Math.Clamp(v, int.MinValue, int.MaxValue))]) : Tensor.Vector<long>(values);
    }

    /// <summary>Split: by sizes, by a number of pieces that need not divide, or in equal pieces.</summary>
    public static void Split(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank(1));
        int axis = c.Draw.Int(0, dims.Length - 1), count = c.Draw.Int(1, 4);
        if (axis > 0 || c.Draw.Chance(0.5)) c.With("axis", c.Draw.Axis(axis, dims.Length, c.Opset >= 11));
        c.Outputs(count);
        bool isGiven = c.Draw.Chance(0.5);
        long[] sizes = [.. Enumerable.Range(0, count).Select(_ => (long)c.Draw.Size())];
        dims[axis] = isGiven ? (int)sizes.Sum() : count * c.Draw.Int(1, 3);
        bool isCounted = !isGiven && c.Schema.HasAttribute("num_outputs");
        // The last piece may be smaller than the others, and even empty.
        if (isCounted && c.Draw.Chance(0.5)) dims[axis] = Math.Max(1, dims[axis] - c.Draw.Int(0, count - 1));
        c.Data(dims);
        if (isGiven) c.Numbers("split", sizes, 1);
        else if (isCounted) c.With("num_outputs", count);
    }

    /// <summary>Transpose.</summary>
    public static void Transpose(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank());
        if (c.Draw.Chance(0.8)) c.With("perm", Array.ConvertAll(c.Draw.Shuffle(dims.Length), a => (long)a));
        c.Data(dims);
    }

    /// <summary>Expand: to a shape that broadcasts, in either direction.</summary>
    public static void Expand(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank());
        c.Data(c.Draw.Broadcast(dims));
        long[] shape = [.. dims.Select(d => c.Draw.Chance(0.1) && c.Opset > 0 ? 1L : d)];
        c.Parameter(Draw.Ints(shape), 0.02);
    }

    /// <summary>Pad: also negative pads, of axes that are named or all, with a value or without.</summary>
    public static void Pad(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank(1, 5));
        int rank = dims.Length;
        string mode = c.Draw.Pick("constant", "constant", "reflect", "edge", c.Opset >= 19 ? "wrap" : "edge");
        if (mode != "constant" || c.Draw.Chance(0.5)) c.With("mode", mode);
        bool isNamed = c.Schema.Inputs.Count > 3 && c.Draw.Chance(0.3);
        long[] axes = isNamed ? c.Draw.Axes(rank, 1) : [.. Enumerable.Range(0, rank).Select(a => (long)a)];
        long[] pads = new long[2 * axes.Length];
        for (int i = 0; i < pads.Length; i++)
        {
            int size = dims[(axes[i % axes.Length] + rank) % rank];
            int most = mode is "reflect" ? Math.Max(0, size - 1) : size == 0 && mode != "constant" ? 0 : 3;
            pads[i] = c.Draw.Chance(0.4) ? 0 : c.Draw.Chance(0.1) ? -Math.Min(1, size / 2) : c.Draw.Int(0, most);
        }

        c.Data(dims).Numbers("pads", pads, 1);
        if (c.Schema.HasAttribute("value")) c.Perhaps("value", c.Draw.Real(-2, 2));
        else if (c.Draw.Chance(0.5)) c.Parameter(c.Draw.Tensor(c.Type(), []), 0.05);
        else if (isNamed) c.Omit();
        if (isNamed) c.Numbers("axes", axes, 3);
    }

    /// <summary>DepthToSpace, in both modes.</summary>
    public static void Depth(CaseBuilder c)
    {
        int block = c.Draw.Int(1, 3);
        c.With("blocksize", block);
        if (c.Schema.HasAttribute("mode")) c.Perhaps("mode", c.Draw.Pick("DCR", "CRD"));
        c.Data([c.Draw.Int(1, 2), c.Draw.Int(1, 3) * block * block, c.Draw.Int(1, 4), c.Draw.Int(1, 4)]);
    }

    /// <summary>SpaceToDepth.</summary>
    public static void Space(CaseBuilder c)
    {
        int block = c.Draw.Int(1, 3);
        c.With("blocksize", block);
        c.Data([c.Draw.Int(1, 2), c.Draw.Int(1, 3), c.Draw.Int(1, 4) * block, c.Draw.Int(1, 4) * block]);
    }

    /// <summary>Tile.</summary>
    public static void Tile(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank(1, 4));
        c.Data(dims);
        c.Parameter(Draw.Ints([.. dims.Select(_ => c.Draw.Chance(0.5) ? 1L : c.Draw.Int(0, 3))]), 0.02);
    }

    /// <summary>Upsample: an older Resize.</summary>
    public static void Upsample(CaseBuilder c)
    {
        int[] dims = [c.Draw.Int(1, 3), c.Draw.Int(1, 3), c.Draw.Int(1, 6), c.Draw.Int(1, 6)];
        float[] scales = [1, 1, c.Draw.Pick(1f, 1.5f, 2f, 3f), c.Draw.Pick(1f, 1.5f, 2f, 3f)];
        c.With("mode", c.Draw.Pick("nearest", "linear"));
        c.Data(dims);
        if (c.Schema.HasAttribute("scales")) c.With("scales", scales);
        else c.Parameter(Tensor.Vector<float>(scales), 0.01);
    }

    /// <summary>Resize: by scales or sizes, in every mode.</summary>
    public static void Resize(CaseBuilder c)
    {
        int rank = c.Draw.Pick(4, 4, 4, 4, 3, 2, 5);
        int[] dims = [.. Enumerable.Range(0, rank).Select(i => i < 2 && rank > 2 ? c.Draw.Int(1, 3) : c.Draw.Int(1, 6))];
        string mode = c.Draw.Pick("nearest", "nearest", "linear", "linear", c.Opset >= 11 && c.Draw.Chance(0.2) ? "cubic" : "nearest");
        c.With("mode", mode);
        string rounding = c.Draw.Pick("round_prefer_floor", "round_prefer_ceil", "floor", "ceil");
        if (mode == "nearest") c.Perhaps("nearest_mode", rounding);
        // floor and ceil of symmetric coordinates are those of rounding errors, which are not the same in two programs.
        bool isSymmetric = c.Opset >= 19 && (mode != "nearest" || rounding is not ("floor" or "ceil"));
        c.Perhaps("coordinate_transformation_mode", c.Draw.Pick(
            "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", isSymmetric ? "half_pixel_symmetric" : "half_pixel"));
        if (c.Opset >= 18 && mode != "nearest" && c.Draw.Chance(0.1)) c.With("antialias", 1);
        if (mode == "cubic") c.Perhaps("cubic_coeff_a", -0.5f).Perhaps("exclude_outside", c.Draw.Int(0, 1));
        float[] scales = [.. dims.Select((_, i) => i < rank - 2 ? 1f : c.Draw.Pick(0.5f, 0.6f, 1f, 1.5f, 2f, 2f, 3f))];
        c.Data(dims);
        if (c.Opset < 11)
        {
            c.Parameter(Tensor.Vector<float>(scales), 0.01);
            return;
        }

        c.Omit();
        if (c.Draw.Chance(0.5)) c.Parameter(Tensor.Vector<float>(scales), 0.01);
        else
        {
            if (c.Opset < 13) c.Parameter(Tensor.Vector<float>(), 0);
            else c.Omit();
            c.Parameter(Draw.Ints([.. dims.Select((d, i) => (long)Math.Max(1, d * scales[i]))]), 0.01);
        }
    }
}
