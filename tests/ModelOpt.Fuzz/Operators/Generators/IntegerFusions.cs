using static ModelOpt.Fuzz.Operators.Generators.Integers;

namespace ModelOpt.Fuzz.Operators.Generators;

/// <summary>What ONNX Runtime fuses of layers of integers.</summary>
internal static class IntegerFusions
{
    /// <summary>QLinearReduceMean.</summary>
    public static void Mean(CaseBuilder c)
    {
        int[] dims = [.. c.Draw.Dims(c.Draw.Int(1, 4)).Select(d => Math.Max(1, d))];
        c.With("axes", new long[] { c.Draw.Int(0, dims.Length - 1) }).With("keepdims", c.Draw.Int(0, 1));
        c.Data(Whole(c, c.Type(), dims));
        Grid(c, 0.03, []);
        Grid(c, 0.02, []);
    }

    /// <summary>QAttention.</summary>
    public static void Attention(CaseBuilder c)
    {
        int batch = c.Draw.Int(1, 3), length = c.Draw.Int(1, 5), heads = c.Draw.Int(1, 3), size = c.Draw.Int(1, 5);
        int width = c.Draw.Int(1, 8), all = 3 * heads * size;
        c.With("num_heads", heads);
        if (c.Draw.Chance(0.3)) c.With("unidirectional", 1);
        int[] columns = c.Draw.Chance(0.3) ? [all] : [];
        c.Data(Whole(c, c.Type(), [batch, length, width])).Parameter(Whole(c, c.Type(1), [width, all]), 0);
        c.Parameter(c.Draw.Tensor(c.Type(2), [all], -1, 1), 0);
        c.Parameter(Scales(c, c.Type(2), 0.01, []), 0).Parameter(Scales(c, c.Type(2), 0.01, columns), 0);
        c.Omit().Parameter(Whole(c, c.Type(), []), 0).Parameter(Whole(c, c.Type(1), columns), 0);
    }

    /// <summary>QEmbedLayerNormalization.</summary>
    public static void Embedding(CaseBuilder c)
    {
        int batch = c.Draw.Int(1, 3), length = c.Draw.Int(1, 5), width = c.Draw.Int(3, 8), words = 9, places = 6;
        ElementType type = c.Type(2);
        c.Data(Ids(words)).Data(Ids(2));
        int[][] tables = [[words, width], [places, width], [2, width], [width], [width]];
        foreach (int[] dims in tables) c.Parameter(Whole(c, type, dims), 0);
        c.Data(Ids(2));
        for (int i = 0; i < 5; i++) c.Parameter(Scales(c, ElementType.Float32, 0.01, []), 0);
        for (int i = 0; i < 5; i++) c.Parameter(Whole(c, type, []), 0);
        c.Outputs(2);

        Tensor Ids(int most) =>
            Tensor.Of<int>([batch, length], [.. Enumerable.Range(0, batch * length).Select(_ => c.Draw.Int(0, most - 1))]);
    }

    /// <summary>DynamicQuantizeLSTM, which the project computes without rounding what it is fed.</summary>
    public static void Recurrence(CaseBuilder c)
    {
        int batch = c.Draw.Int(1, 3), steps = c.Draw.Int(1, 4), inputs = c.Draw.Int(1, 4), hidden = c.Draw.Int(1, 4);
        string direction = c.Draw.Pick("forward", "reverse", "bidirectional");
        int directions = direction == "bidirectional" ? 2 : 1;
        c.With("direction", direction).With("hidden_size", hidden);
        ElementType type = c.Type(1);
        c.Data(c.Draw.Tensor(ElementType.Float32, [steps, batch, inputs], -1, 1));
        c.Parameter(Whole(c, type, [directions, inputs, 4 * hidden]), 0).Parameter(Whole(c, type, [directions, hidden, 4 * hidden]), 0);
        c.Omit().Omit().Omit().Omit().Omit();
        foreach (int _ in (int[])[0, 1])
            c.Parameter(Scales(c, ElementType.Float32, 0.005, [directions]), 0).Parameter(Whole(c, type, [directions]), 0);
        c.Slack(0.1);
    }
}
