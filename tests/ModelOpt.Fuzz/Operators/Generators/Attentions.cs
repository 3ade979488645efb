namespace ModelOpt.Fuzz.Operators.Generators;

/// <summary>Attention and what goes with it: of ONNX, and of ONNX Runtime.</summary>
internal static class Attentions
{
    /// <summary>Attention of ONNX: heads or rows of heads, groups, masks, a past.</summary>
    public static void Own(CaseBuilder c)
    {
        int batch = c.Draw.Int(1, 3), keyHeads = c.Draw.Int(1, 3), heads = keyHeads * c.Draw.Pick(1, 1, 2);
        int queries = c.Draw.Int(1, 5), keys = c.Draw.Int(1, 5), size = c.Draw.Int(1, 6), width = c.Draw.Int(1, 6);
        bool isFlat = c.Draw.Chance(0.5), isCausal = c.Draw.Chance(0.3);
        bool saysHeads = isFlat || c.Draw.Chance(0.1);
        if (saysHeads) c.With("q_num_heads", heads).With("kv_num_heads", keyHeads);
        // ONNX Runtime gives rows of heads then, ONNX what has the queries' rank.
        c.Disputed(saysHeads && !isFlat);
        if (isCausal) c.With("is_causal", 1);
        if (c.Draw.Chance(0.3)) c.With("scale", c.Draw.Real(0.1, 1));
        if (c.Draw.Chance(0.2)) c.With("softcap", c.Draw.Real(1, 4));
        c.Data(isFlat ? [batch, queries, heads * size] : [batch, heads, queries, size], -1, 1);
        c.Data(isFlat ? [batch, keys, keyHeads * size] : [batch, keyHeads, keys, size], -1, 1);
        c.Data(c.Draw.Tensor(c.Type(), isFlat ? [batch, keys, keyHeads * width] : [batch, keyHeads, keys, width], -1, 1));
        // A query that no key is left for has no shares.
        if (isCausal || c.Draw.Chance(0.5)) return;
        bool isBool = c.Draw.Chance(0.5);
        int[] dims = c.Draw.Pick<int[]>([queries, keys], [1, keys], [batch, 1, queries, keys], [batch, heads, queries, keys]);
        Tensor mask = c.Draw.Tensor(isBool ? ElementType.Bool : c.Type(), dims, -2, 2);
        for (int row = 0; isBool && row < mask.Count / keys; row++) mask.Bytes.Span[row * keys] = 1;
        c.Data(mask);
    }

    /// <summary>Attention of ONNX Runtime: a layer and its attention.</summary>
    public static void Fused(CaseBuilder c)
    {
        int batch = c.Draw.Int(1, 3), length = c.Draw.Int(1, 5), heads = c.Draw.Int(1, 3), size = c.Draw.Int(1, 5);
        int width = c.Draw.Int(1, 8);
        c.With("num_heads", heads);
        if (c.Draw.Chance(0.3)) c.With("scale", c.Draw.Real(0.1, 1));
        if (c.Draw.Chance(0.3)) c.With("unidirectional", 1);
        c.Data([batch, length, width], -1, 1);
        c.Parameter(c.Draw.Tensor(c.Type(), [width, 3 * heads * size], -1, 1), 0);
        c.Parameter(c.Draw.Tensor(c.Type(), [3 * heads * size], -1, 1), 0);
        if (c.Draw.Chance(0.5)) c.Data(Mask(c, batch, length, length));
        else c.Omit();
        if (!c.Draw.Chance(0.3)) return;
        c.Omit().Data([c.Draw.Pick(1, batch), c.Draw.Pick(1, heads), length, length], -2, 2);
    }

    /// <summary>MultiHeadAttention.</summary>
    public static void MultiHead(CaseBuilder c)
    {
        int batch = c.Draw.Int(1, 3), queries = c.Draw.Int(1, 5), keys = c.Draw.Int(1, 5), heads = c.Draw.Int(1, 3);
        int size = c.Draw.Int(1, 5);
        // On a processor, ONNX Runtime takes no packed ones.
        c.With("num_heads", heads).Data([batch, queries, heads * size], -1, 1);
        if (c.Draw.Chance(0.3)) c.With("scale", c.Draw.Real(0.1, 1));
        c.Data([batch, keys, heads * size], -1, 1).Data([batch, keys, heads * size], -1, 1);
        if (c.Draw.Chance(0.5)) c.Parameter(c.Draw.Tensor(c.Type(), [3 * heads * size], -1, 1), 0);
        else c.Omit();
        if (c.Draw.Chance(0.4)) c.Data(Mask(c, batch, queries, keys));
        else c.Omit();
        if (c.Draw.Chance(0.3)) c.Data([1, heads, queries, keys], -2, 2);
    }

    /// <summary>RotaryEmbedding of ONNX or of ONNX Runtime.</summary>
    public static void Rotary(CaseBuilder c)
    {
        bool isOwn = c.Schema.Inputs[1].Name == "cos_cache", isFlat = c.Draw.Chance(0.5), isPartial = c.Draw.Chance(0.3);
        int batch = c.Draw.Int(1, 3), length = c.Draw.Int(1, 5), heads = c.Draw.Int(1, 3), half = c.Draw.Int(1, 4), places = 7;
        int size = isPartial ? (2 * half) + 2 : 2 * half;
        if (isFlat && (isOwn || isPartial)) c.With("num_heads", heads);
        // ONNX Runtime's own asks for the heads then.
        if (isPartial) c.With("rotary_embedding_dim", 2 * half).With("num_heads", heads);
        c.Perhaps("interleaved", 1);
        c.Data(isFlat ? [batch, length, heads * size] : [batch, heads, length, size]);
        long[] drawn = [.. Enumerable.Range(0, batch * length).Select(_ => (long)c.Draw.Int(0, places - 1))];
        Tensor positions = Tensor.Of<long>([batch, length], drawn);
        if (!isOwn) c.Data(positions);
        bool isTable = !isOwn || c.Draw.Chance(0.6);
        int[] dims = isTable ? [places, half] : [batch, length, half];
        c.Parameter(c.Draw.Tensor(c.Type(), dims, -1, 1)).Parameter(c.Draw.Tensor(c.Type(), dims, -1, 1));
        if (isOwn && isTable) c.Data(positions);
    }

    /// <summary>EmbedLayerNormalization.</summary>
    public static void Embedding(CaseBuilder c)
    {
        int batch = c.Draw.Int(1, 3), length = c.Draw.Int(1, 5), width = c.Draw.Int(3, 8), words = 9, places = 6;
        bool hasSegments = c.Draw.Chance(0.5);
        c.Perhaps("epsilon", 1e-3f).Data(Ids(words));
        if (hasSegments) c.Data(Ids(2));
        else c.Omit();
        ElementType type = c.Type(2);
        c.Parameter(c.Draw.Tensor(type, [words, width]), 0).Parameter(c.Draw.Tensor(type, [places, width]), 0);
        if (hasSegments) c.Parameter(c.Draw.Tensor(type, [2, width]), 0);
        else c.Omit();
        c.Parameter(c.Draw.Tensor(type, [width]), 0).Parameter(c.Draw.Tensor(type, [width]), 0);
        if (c.Draw.Chance(0.3)) c.Omit().Data(Ids(places));
        c.Outputs(3).Unasked(1);

        Tensor Ids(int most) =>
            Tensor.Of<int>([batch, length], [.. Enumerable.Range(0, batch * length).Select(_ => c.Draw.Int(0, most - 1))]);
    }

    /// <summary>GroupQueryAttention: samples are equally long.</summary>
    public static void Groups(CaseBuilder c)
    {
        int batch = c.Draw.Int(1, 3), length = c.Draw.Int(1, 4), own = c.Draw.Int(1, 2), heads = own * c.Draw.Int(1, 3);
        // Angles come in pairs of eight.
        int size = 16, past = c.Draw.Chance(0.5) ? c.Draw.Int(1, 4) : 0;
        // ONNX Runtime takes one sample where several positions follow a past.
        if (past > 0 && length > 1) batch = 1;
        bool isPacked = c.Draw.Chance(0.3), turns = c.Draw.Chance(0.5);
        c.With("num_heads", heads).With("kv_num_heads", own);
        if (c.Draw.Chance(0.3)) c.With("scale", c.Draw.Real(0.1, 1));
        if (c.Draw.Chance(0.3)) c.With("local_window_size", c.Draw.Int(1, 4));
        if (turns) c.With("do_rotary", 1).With("rotary_interleaved", c.Draw.Int(0, 1));
        c.Data([batch, length, (isPacked ? heads + (2 * own) : heads) * size], -1, 1);
        if (isPacked) c.Omit().Omit();
        else c.Data([batch, length, own * size], -1, 1).Data([batch, length, own * size], -1, 1);
        if (past == 0) c.Omit().Omit();
        else c.Data([batch, own, past, size], -1, 1).Data([batch, own, past, size], -1, 1);
        c.Parameter(Tensor.Vector<int>([.. Enumerable.Repeat(past + length - 1, batch)]), 0);
        c.Parameter(Tensor.Scalar(past + length), 0).Outputs(3);
        if (!turns) return;
        int half = c.Draw.Pick(size / 2, size / 4);
        c.Parameter(c.Draw.Tensor(c.Type(), [9, half], -1, 1), 0).Parameter(c.Draw.Tensor(c.Type(), [9, half], -1, 1), 0);
    }

    /// <summary>LinearAttention by each rule.</summary>
    public static void Linear(CaseBuilder c)
    {
        int batch = c.Draw.Int(1, 3), steps = c.Draw.Int(1, 4), own = c.Draw.Int(1, 2), heads = own * c.Draw.Int(1, 2);
        int size = c.Draw.Int(1, 4), width = c.Draw.Int(1, 4);
        string rule = c.Draw.Pick("linear", "gated", "delta", "gated_delta");
        c.With("q_num_heads", heads).With("kv_num_heads", own).With("update_rule", rule).Outputs(2);
        c.Data([batch, steps, heads * size], -1, 1).Data([batch, steps, own * size], -1, 1).Data([batch, steps, own * width], -1, 1);
        if (c.Draw.Chance(0.5)) c.Data([batch, own, size, width], -1, 1);
        else c.Omit();
        if (rule.StartsWith("gated", StringComparison.Ordinal)) c.Data([batch, steps, own * c.Draw.Pick(1, size)], -1, 0);
        else c.Omit();
        if (rule.EndsWith("delta", StringComparison.Ordinal)) c.Data([batch, steps, own], 0, 1);
    }

    /// <summary>CausalConvWithState.</summary>
    public static void CausalConv(CaseBuilder c)
    {
        int batch = c.Draw.Int(1, 3), channels = c.Draw.Int(1, 4), length = c.Draw.Int(1, 6), kernel = c.Draw.Int(2, 4);
        if (c.Draw.Chance(0.5)) c.With("activation", c.Draw.Pick("silu", "swish", "none"));
        c.Data([batch, channels, length]).Parameter(c.Draw.Tensor(c.Type(), [channels, 1, kernel], -1, 1), 0).Outputs(2);
        if (c.Draw.Chance(0.5)) c.Parameter(c.Draw.Tensor(c.Type(), [channels], -1, 1), 0);
        else c.Omit();
        if (c.Draw.Chance(0.5)) c.Data([batch, channels, kernel - 1]);
    }

    /// <summary>TensorScatter.</summary>
    public static void Cache(CaseBuilder c)
    {
        int batch = c.Draw.Int(1, 3), places = c.Draw.Int(3, 6), written = c.Draw.Int(1, 3);
        bool isCircular = c.Draw.Chance(0.5);
        if (isCircular) c.With("mode", "circular");
        c.Data([batch, 2, places, 3]).Data([batch, 2, written, 3]);
        int most = isCircular ? places - 1 : places - written;
        if (c.Draw.Chance(0.7)) c.Data(Tensor.Vector<long>([.. Enumerable.Range(0, batch).Select(_ => (long)c.Draw.Int(0, most))]));
    }

    /// <summary>How many keys count, or which: the first of each sample.</summary>
    private static Tensor Mask(CaseBuilder c, int batch, int queries, int keys)
    {
        if (c.Draw.Chance(0.3)) return Tensor.Vector<int>([.. Enumerable.Range(0, batch).Select(_ => c.Draw.Int(1, keys))]);
        int[] dims = c.Draw.Pick<int[]>([batch, keys], [batch, queries, keys]);
        Tensor mask = Tensor.Zeros(ElementType.Int32, dims);
        for (int i = 0; i < mask.Count; i++) mask.Span<int>()[i] = i % keys == 0 || c.Draw.Chance(0.6) ? 1 : 0;
        return mask;
    }
}
