namespace ModelOpt.Fuzz.Operators.Generators;

/// <summary>Windows that slide over images: convolutions and pools, of 1, 2 and 3 dimensions.</summary>
internal static class Windows
{
    /// <summary>A window that fits an image.</summary>
    internal sealed record Window(int[] Sizes, int[] Kernel, int[] Strides, int[] Dilations, int[] Pads, bool IsSame)
    {
        /// <summary>Whether the taps of a window may all lie on padding: what a pool makes of no element, ONNX leaves open.</summary>
        public bool MaySeeNothing => Kernel.Where((k, i) => k > 1 && Sizes[i] < Dilations[i] && Pads[i] + Pads[i + Kernel.Length] > 0)
            .Any();
    }

    /// <summary>AveragePool and MaxPool.</summary>
    public static void Pool(CaseBuilder c)
    {
        Window window = Attributes(c);
        c.With("kernel_shape", Longs(window.Kernel)).Perhaps("ceil_mode", c.Draw.Int(0, 1)).Perhaps("count_include_pad", c.Draw.Int(0, 1));
        c.Data([Batch(c), c.Draw.Int(1, 5), .. window.Sizes]);
        // ONNX Runtime leaves dilations out of SAME's padding in pools, and pads less than nothing where strides are larger than the
        // window;
        // ONNX's shape inference does neither.
        c.Disputed(window.IsSame && window.Kernel.Where((k, i) => window.Dilations[i] > 1 || window.Strides[i] > k).Any());
        c.Disputed(window.MaySeeNothing);
        if (c.Schema.Operator != "MaxPool" || c.Draw.Chance(0.8)) return;
        c.Outputs(2).Perhaps("storage_order", c.Draw.Int(0, 1));
    }

    /// <summary>GlobalAveragePool and GlobalMaxPool.</summary>
    public static void Global(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Int(3, 5));
        for (int i = 1; i < dims.Length; i++) dims[i] = Math.Max(1, dims[i]);
        c.Data(dims);
    }

    /// <summary>Conv.</summary>
    public static void Conv(CaseBuilder c)
    {
        Window window = Attributes(c);
        (int group, int channels, int filters) = Channels(c);
        c.Perhaps("kernel_shape", Longs(window.Kernel));
        c.Data([Batch(c), channels, .. window.Sizes]);
        c.Parameter(c.Draw.Tensor(c.Type(), [filters, channels / group, .. window.Kernel], -1, 1), 0.02);
        if (c.Draw.Chance(0.6)) c.Parameter(c.Draw.Tensor(c.Type(), [filters]));
    }

    /// <summary>ConvTranspose.</summary>
    public static void Transposed(CaseBuilder c)
    {
        Window window = Attributes(c);
        (int group, int channels, int filters) = Channels(c);
        int rank = window.Kernel.Length;
        // SAME is as many times larger as the strides are, says ONNX; ONNX Runtime only cuts off what is more.
        c.Disputed(window.IsSame && window.Kernel.Where((k, i) => ((k - 1) * window.Dilations[i]) + 1 < window.Strides[i]).Any());
        c.Perhaps("kernel_shape", Longs(window.Kernel));
        if (c.Draw.Chance(0.2)) c.With("output_padding", Longs(Several(c, rank, 0, 1)));
        if (c.Draw.Chance(0.1)) c.With("output_shape", Longs([.. window.Sizes.Select(s => (s * 2) + c.Draw.Int(0, 2))]));
        c.Data([Batch(c), channels, .. window.Sizes]);
        c.Parameter(c.Draw.Tensor(c.Type(), [channels, filters / group, .. window.Kernel], -1, 1), 0.02);
        if (c.Draw.Chance(0.6)) c.Parameter(c.Draw.Tensor(c.Type(), [filters]));
    }

    private static int Batch(CaseBuilder c) => c.Draw.Chance(0.6) ? 1 : c.Draw.Int(2, 3);

    /// <summary>Draws groups, and channels and filters that are multiples of them.</summary>
    internal static (int Group, int Channels, int Filters) Channels(CaseBuilder c)
    {
        int group = c.Draw.Chance(0.5) ? 1 : c.Draw.Int(2, 4);
        bool isDepthwise = c.Draw.Chance(0.4);
        int channels = group * (isDepthwise ? 1 : c.Draw.Int(1, 4)), filters = group * c.Draw.Int(1, 3);
        c.With("group", group);
        return (group, channels, filters);
    }

    /// <summary>Draws strides, pads and dilations, and an image that the window fits.</summary>
    internal static Window Attributes(CaseBuilder c)
    {
        int rank = c.Draw.Pick(1, 1, 2, 2, 2, 2, 3);
        int[] kernel = Several(c, rank, 1, rank == 3 ? 3 : 4), strides = Several(c, rank, 1, 3), dilations = Several(c, rank, 1, 2);
        if (!c.Schema.HasAttribute("dilations") || c.Draw.Chance(0.6)) dilations = [.. Enumerable.Repeat(1, rank)];
        else c.With("dilations", Longs(dilations));
        if (c.Draw.Chance(0.3)) strides = [.. Enumerable.Repeat(1, rank)];
        else c.With("strides", Longs(strides));
        int[] pads = new int[2 * rank];
        bool isSame = false;
        switch (c.Draw.Int(0, 3))
        {
            case 0:
                string mode = c.Draw.Pick("SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET");
                isSame = mode is "SAME_UPPER" or "SAME_LOWER";
                c.With("auto_pad", mode);
                break;
            case 1:
                // Less than the window, or a pool would average nothing.
                pads = [.. Enumerable.Range(0, 2 * rank).Select(i => c.Draw.Int(0, Math.Max(0, kernel[i % rank] - 1)))];
                c.With("pads", Longs(pads));
                break;
        }

        int[] sizes = [.. Enumerable.Range(0, rank).Select(i =>
            Math.Max(1, ((kernel[i] - 1) * dilations[i]) + 1 - pads[i] - pads[i + rank]) + c.Draw.Int(0, rank == 3 ? 3 : 6))];
        return new Window(sizes, kernel, strides, dilations, pads, isSame);
    }

    private static int[] Several(CaseBuilder c, int count, int low, int high) =>
        c.Draw.Chance(0.5)
        ? [.. Enumerable.Repeat(c.Draw.Int(low, high), count)]
        : [.. Enumerable.Range(0, count).Select(_ => c.Draw.Int(low, high))];

    internal static long[] Longs(int[] values) => Array.ConvertAll(values, v => (long)v);
}
