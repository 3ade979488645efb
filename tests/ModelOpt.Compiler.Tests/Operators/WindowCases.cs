namespace ModelOpt.Compiler.Tests.Operators;

/// <summary>Random windows for Conv and the pools.</summary>
internal static class WindowCases
{
    private static readonly string[] AutoPads = ["SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"];

    /// <summary>Strides, dilations, and pads (smaller than the window) or auto_pad.</summary>
    public static List<(string Name, object Value)> Attributes(Random random, long[] kernel, bool dilate)
    {
        int axes = kernel.Length;
        long[] strides = Each(_ => random.Next(1, 4));
        long[] dilations = Each(i => dilate && random.Next(3) == 0 ? 2 : 1);
        var attributes = new List<(string, object)>();
        string auto = AutoPads[random.Next(AutoPads.Length)];
        bool padded = random.Next(3) > 0;
        // ONNX Runtime's pools take SAME to ask for negative padding where windows have gaps between them.
        if (padded) strides = Each(i => Math.Min(strides[i], kernel[i]));
        if (random.Next(4) > 0) attributes.Add(("strides", strides));
        if (dilate) attributes.Add(("dilations", dilations));
        if (!padded) return attributes;
        // ONNX Runtime takes auto_pad with dilations for another sum than ONNX does.
        if (auto == "NOTSET" || Array.Exists(dilations, d => d > 1))
            attributes.Add(("pads", (long[])
                [.. Enumerable.Range(0, 2 * axes).Select(i => (long)random.Next((int)kernel[i % axes]))]));
        else
            attributes.Add(("auto_pad", auto));
        return attributes;

        long[] Each(Func<int, long> value) => [.. Enumerable.Range(0, axes).Select(value)];
    }

    /// <summary>One window size per axis, 1…4.</summary>
    public static long[] Kernel(Random random, int axes) => [.. Enumerable.Range(0, axes).Select(_ => (long)random.Next(1, 5))];

    /// <summary>Elements of both signs.</summary>
    public static Tensor Signed(Random random, params int[] dims)
    {
        Tensor tensor = Tensor.Zeros(ElementType.Float32, dims);
        foreach (ref float x in tensor.Span<float>()) x = (random.NextSingle() * 2) - 1;
        return tensor;
    }
}
