namespace ModelOpt.Fuzz.Operators.Generators;

/// <summary>ONNX Runtime's layers of channels last, of packed sequences, and the like.</summary>
internal static class Layers
{
    /// <summary>NhwcConv and NhwcFusedConv.</summary>
    public static void ChannelsLastConv(CaseBuilder c)
    {
        int groups = c.Draw.Int(1, 2), channels = groups * c.Draw.Int(1, 3), outputs = groups * c.Draw.Int(1, 3), kernel = c.Draw.Int(1, 3);
        c.Data([c.Draw.Int(1, 2), c.Draw.Int(3, 6), c.Draw.Int(3, 6), channels]);
        c.Parameter(c.Draw.Tensor(c.Type(), [outputs, channels / groups, kernel, kernel]), 0).With("group", groups);
        if (c.Draw.Chance(0.5)) c.Parameter(c.Draw.Tensor(c.Type(), [outputs]), 0);
    }

    /// <summary>NhwcMaxPool.</summary>
    public static void ChannelsLastPool(CaseBuilder c)
    {
        c.With("kernel_shape", new long[] { c.Draw.Int(1, 3), c.Draw.Int(1, 3) });
        c.Perhaps("strides", new long[] { c.Draw.Int(1, 3), c.Draw.Int(1, 3) });
        c.Data(c.Draw.Wild(c.Type(), [c.Draw.Int(1, 2), c.Draw.Int(3, 7), c.Draw.Int(3, 7), c.Draw.Int(1, 5)]));
    }

    /// <summary>Inverse, of matrices that have one.</summary>
    public static void Inverse(CaseBuilder c)
    {
        int size = c.Draw.Int(1, 4), count = c.Draw.Int(1, 3);
        Tensor x = c.Draw.Reals(ElementType.Float32, c.Draw.Chance(0.3) ? [size, size] : [count, size, size], -1, 1);
        for (int i = 0; i < x.Count; i++) if (i % (size * size) % (size + 1) == 0) x.Span<float>()[i] += size + 1;
        c.Data(x);
    }

    /// <summary>Unique, of few different numbers.</summary>
    public static void Distinct(CaseBuilder c)
    {
        float[] numbers = [c.Draw.Real(-4, 4), c.Draw.Real(-4, 4), c.Draw.Real(-4, 4)];
        c.Data(Tensor.Vector<float>([.. Enumerable.Range(0, c.Draw.Int(1, 9)).Select(_ => c.Draw.Pick<float>(numbers))])).Outputs(3);
    }

    /// <summary>SkipGroupNorm.</summary>
    public static void SkipGroupNorm(CaseBuilder c)
    {
        int groups = c.Draw.Int(1, 3), channels = groups * c.Draw.Int(1, 3), batch = c.Draw.Int(1, 2);
        c.With("groups", groups).With("activation", c.Draw.Int(0, 1));
        c.Data([batch, 3, 2, channels]);
        c.Parameter(c.Draw.Tensor(c.Type(1), [channels])).Parameter(c.Draw.Tensor(c.Type(1), [channels]));
        c.Data(c.Draw.Chance(0.5) ? [batch, channels] : [batch, 3, 2, channels]);
    }

    /// <summary>GatherBlockQuantized, of bytes.</summary>
    public static void BlockTable(CaseBuilder c)
    {
        int bits = c.Draw.Pick(4, 8), size = c.Draw.Pick(16, 32), width = size * c.Draw.Int(1, 3), rows = c.Draw.Int(1, 6);
        int blocks = width / size;
        c.With("bits", bits).With("block_size", size).With("quantize_axis", 1).With("gather_axis", 0);
        c.Parameter(c.Draw.Wild(ElementType.UInt8, [rows, width * bits / 8]), 0);
        c.Data(Tensor.Vector<long>([.. Enumerable.Range(0, c.Draw.Int(1, 5)).Select(_ => (long)c.Draw.Int(0, rows - 1))]));
        c.Parameter(c.Draw.Tensor(ElementType.Float32, [rows, blocks], 0.1, 1), 0);
        if (c.Draw.Chance(0.5)) c.Parameter(c.Draw.Wild(ElementType.UInt8, [rows, bits == 4 ? (blocks + 1) / 2 : blocks]), 0);
    }

    /// <summary>PackedAttention and PackedMultiHeadAttention.</summary>
    public static void PackedAttention(CaseBuilder c)
    {
        int heads = c.Draw.Int(1, 3), width = heads * c.Draw.Int(1, 4), first = c.Draw.Int(1, 3), tokens = first + c.Draw.Int(1, 3);
        c.With("num_heads", heads).Data([tokens, width], -1, 1);
        if (c.Schema.Inputs[1].Name == "weights") c.Parameter(c.Draw.Tensor(c.Type(), [width, 3 * width], -1, 1), 0);
        else c.Data([tokens, width], -1, 1).Data([tokens, width], -1, 1);
        c.Parameter(c.Draw.Tensor(c.Type(), [3 * width], -1, 1), 0);
        int longest = Math.Max(first, tokens - first);
        c.Parameter(Tensor.Of<int>([2, longest], [.. Enumerable.Range(0, 2 * longest)]), 0);
        c.Parameter(Tensor.Vector(0, first, tokens), 0);
    }
}
