namespace ModelOpt.Fuzz.Operators.Generators;

/// <summary>Layers of floats that ONNX Runtime fuses of several.</summary>
internal static class Fusions
{
    /// <summary>Gelu and its kin, with or without a bias.</summary>
    public static void Gelu(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank(1));
        c.Perhaps("alpha", c.Draw.Real(-1, 2)).Data(dims);
        if (c.Schema.Inputs.Count > 1 && (!c.Schema.Inputs[1].Optional || c.Draw.Chance(0.5)))
            c.Parameter(c.Draw.Tensor(c.Type(), [dims[^1]]));
    }

    /// <summary>FusedConv: bias, what is added, and an activation.</summary>
    public static void Conv(CaseBuilder c)
    {
        Windows.Conv(c);
        if (c.Draw.Chance(0.2)) return;
        string activation = c.Draw.Pick("Relu", "Tanh", "Sigmoid", "LeakyRelu", "Clip", "HardSigmoid");
        c.With("activation", activation);
        if (activation == "LeakyRelu") c.With("activation_params", new[] { c.Draw.Real(-1, 1) });
        if (activation == "Clip") c.With("activation_params", new[] { c.Draw.Real(-2, 0), c.Draw.Real(0, 6) });
        if (activation == "HardSigmoid") c.With("activation_params", new[] { c.Draw.Real(0.1, 1), c.Draw.Real(0, 1) });
    }

    /// <summary>FusedGemm.</summary>
    public static void Gemm(CaseBuilder c)
    {
        Products.Gemm(c);
        string activation = c.Draw.Pick("Relu", "Tanh", "Sigmoid", "LeakyRelu", "HardSigmoid");
        c.With("activation", activation);
        if (activation is "LeakyRelu" or "HardSigmoid") c.With("activation_alpha", c.Draw.Real(0.1, 1));
        if (activation == "HardSigmoid") c.With("activation_beta", c.Draw.Real(0, 1));
    }

    /// <summary>FusedMatMul and TransposeMatMul.</summary>
    public static void MatMul(CaseBuilder c)
    {
        int m = c.Draw.Size(), n = c.Draw.Size(), k = Math.Max(1, c.Draw.Size());
        bool transA = c.Draw.Chance(0.4), transB = c.Draw.Chance(0.4);
        int[] batch = c.Draw.Dims(c.Draw.Pick(0, 0, 0, 1, 1, 2));
        c.With("transA", transA ? 1 : 0).With("transB", transB ? 1 : 0).Perhaps("alpha", c.Draw.Real(-2, 2));
        int[] a = transA ? [k, m] : [m, k], b = transB ? [n, k] : [k, n];
        c.Data([.. batch, .. a]).Parameter(c.Draw.Tensor(c.Type(), [.. c.Draw.Chance(0.5) ? batch : [], .. b]), 0.4);
    }

    /// <summary>SkipLayerNormalization and SkipSimplifiedLayerNormalization; the sum is asked for half of the time.</summary>
    public static void SkipNormalization(CaseBuilder c)
    {
        int[] dims = [.. c.Draw.Dims(3).Select(d => Math.Max(1, d))];
        bool hasOffset = c.Schema.Inputs.Any(i => i.Name == "beta");
        c.Perhaps("epsilon", c.Draw.Pick(1e-5f, 1e-3f, 0.1f));
        c.Data(dims).Data(c.Draw.Tensor(c.Type(), c.Draw.Pick(dims, [1, .. dims[1..]], dims[1..])));
        c.Parameter(c.Draw.Tensor(c.Type(), [dims[2]]));
        if (hasOffset && c.Draw.Chance(0.7)) c.Parameter(c.Draw.Tensor(c.Type(), [dims[2]]));
        else if (hasOffset) c.Omit();
        if (c.Draw.Chance(0.4)) c.Parameter(c.Draw.Tensor(c.Type(), [dims[2]]));
        // What is left of few equal elements is the error of their mean.
        c.Disputed(dims[2] < 3);
        if (c.Draw.Chance(0.5)) c.Outputs(4).Unasked(1, 2);
    }

    /// <summary>BiasAdd.</summary>
    public static void BiasAdd(CaseBuilder c)
    {
        int[] dims = [c.Draw.Int(1, 3), c.Draw.Int(1, 4), c.Draw.Int(1, 5)];
        c.Data(dims).Parameter(c.Draw.Tensor(c.Type(), [dims[2]])).Data(dims);
    }

    /// <summary>BiasSplitGelu.</summary>
    public static void SplitGelu(CaseBuilder c)
    {
        int half = c.Draw.Int(1, 5);
        c.Data([c.Draw.Int(1, 3), c.Draw.Int(1, 4), 2 * half]).Parameter(c.Draw.Tensor(c.Type(), [2 * half]));
    }

    /// <summary>GroupNorm.</summary>
    public static void GroupNorm(CaseBuilder c)
    {
        int groups = c.Draw.Int(1, 3), channels = groups * c.Draw.Int(1, 3);
        c.With("groups", groups).With("activation", c.Draw.Int(0, 1));
        c.Data([c.Draw.Int(1, 2), c.Draw.Int(1, 4), c.Draw.Int(1, 4), channels]);
        c.Parameter(c.Draw.Tensor(c.Type(1), [channels])).Parameter(c.Draw.Tensor(c.Type(1), [channels]));
    }

    /// <summary>CDist.</summary>
    public static void Distances(CaseBuilder c)
    {
        int width = c.Draw.Int(1, 6);
        c.Perhaps("metric", "euclidean").Data([c.Draw.Int(1, 5), width]).Data([c.Draw.Int(1, 5), width]);
    }

    /// <summary>ExpandDims.</summary>
    public static void ExpandDims(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank());
        c.Data(dims).Parameter(Tensor.Scalar(c.Draw.Int(-dims.Length - 1, dims.Length)), 0);
    }
}
