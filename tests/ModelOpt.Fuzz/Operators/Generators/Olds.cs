namespace ModelOpt.Fuzz.Operators.Generators;

/// <summary>Operators of early ONNX, which it took out.</summary>
internal static class Olds
{
    /// <summary>Affine, Scale, ImageScaler and Crop.</summary>
    public static void Image(CaseBuilder c)
    {
        int channels = c.Draw.Int(1, 4), high = c.Draw.Int(3, 6), wide = c.Draw.Int(3, 6);
        c.Perhaps("alpha", c.Draw.Real(-2, 2)).Perhaps("beta", c.Draw.Real(-2, 2));
        if (c.Schema.Operator != "Crop") c.Perhaps("scale", c.Draw.Real(-2, 2));
        c.With("bias", Enumerable.Range(0, channels).Select(_ => c.Draw.Real(-2, 2)).ToArray());
        c.With("border", Windows.Longs(Grids.Sizes(c, 4, 0, 1)));
        if (c.Schema.Operator == "Crop" && c.Draw.Chance(0.4))
            c.With("scale", Windows.Longs([c.Draw.Int(1, high - 1), c.Draw.Int(1, wide - 1)]));
        c.Data([c.Draw.Int(1, 2), channels, high, wide]);
    }

    /// <summary>ParametricSoftplus and ScaledTanh.</summary>
    public static void Function(CaseBuilder c)
    {
        c.With("alpha", c.Draw.Real(-2, 2)).With("beta", c.Draw.Real(-2, 2));
        c.Data(c.Draw.Dims(c.Draw.Rank()));
    }

    /// <summary>DynamicSlice.</summary>
    public static void Slice(CaseBuilder c)
    {
        int[] dims = Array.ConvertAll(c.Draw.Dims(c.Draw.Rank(1, 4)), d => Math.Max(1, d));
        int[] axes = c.Draw.Shuffle(dims.Length);
        bool isPart = c.Draw.Chance(0.5);
        if (isPart) axes = axes[..c.Draw.Int(1, axes.Length)];
        else Array.Sort(axes);
        long[] starts = [.. axes.Select(a => c.Draw.Axis(c.Draw.Int(0, dims[a] - 1), dims[a]))];
        long[] ends = [.. axes.Select((a, i) => c.Draw.Int((int)((starts[i] + dims[a]) % dims[a]) + 1, dims[a] + 2))];
        c.Data(dims).Parameter(Ints(starts), 0).Parameter(Ints(ends), 0);
        if (isPart) c.Parameter(Ints([.. axes.Select(a => (long)a)]), 0);

        Tensor Ints(long[] values) => Casting.To(Tensor.Vector<long>(values), c.Type(1));
    }

    /// <summary>ConstantFill, of a given shape or that of an input.</summary>
    public static void Fill(CaseBuilder c)
    {
        c.Perhaps("value", c.Draw.Real(-2, 2)).Perhaps("dtype", c.Draw.Pick(1, 6, 7));
        if (c.Draw.Chance(0.3)) c.With("shape", Windows.Longs(Grids.Sizes(c, 2, 1, 4)));
        else c.Data(Grids.Sizes(c, 2, 1, 4)).Perhaps("extra_shape", Windows.Longs(Grids.Sizes(c, 1, 1, 3)));
    }

    /// <summary>GivenTensorFill.</summary>
    public static void Given(CaseBuilder c)
    {
        int[] shape = Grids.Sizes(c, 2, 1, 4);
        c.With("shape", Windows.Longs(shape));
        c.With("values", Enumerable.Range(0, shape[0] * shape[1]).Select(_ => c.Draw.Real(-4, 4)).ToArray());
    }
}
