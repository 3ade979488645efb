namespace ModelOpt.Fuzz.Operators.Generators;

/// <summary>Normalizations of vectors, channels and groups, and sums along an axis.</summary>
internal static class Normalizations
{
    /// <summary>CumSum.</summary>
    public static void CumSum(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank(1));
        c.Perhaps("exclusive", c.Draw.Int(0, 1)).Perhaps("reverse", c.Draw.Int(0, 1)).Data(dims);
        Tensor axis = Tensor.Of<long>(c.Draw.Chance(0.5) ? [] : [1], [c.Draw.Axis(c.Draw.Int(0, dims.Length - 1), dims.Length)]);
        c.Parameter(Casting.To(axis, c.Type(1)), 0.01);
    }

    /// <summary>LpNormalization.</summary>
    public static void Lp(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank(1));
        c.Perhaps("axis", c.Draw.Axis(c.Draw.Int(0, dims.Length - 1), dims.Length)).Perhaps("p", c.Draw.Int(1, 2));
        c.Data(dims);
    }

    /// <summary>LRN, of images and odd windows, which are what ONNX Runtime has.</summary>
    public static void LocalResponse(CaseBuilder c)
    {
        c.With("size", c.Draw.Pick(1, 3, 3, 5, 7)).Perhaps("alpha", c.Draw.Real(0.01, 1));
        c.Perhaps("beta", c.Draw.Real(0.25, 1)).Perhaps("bias", c.Draw.Real(0.5, 2));
        c.Data([c.Draw.Int(1, 2), c.Draw.Int(1, 9), c.Draw.Int(1, 5), c.Draw.Int(1, 5)]);
    }

    /// <summary>GroupNormalization: a scale and a shift a group, or a channel from opset 21 on.</summary>
    public static void Group(CaseBuilder c)
    {
        int groups = c.Draw.Int(1, 4), channels = groups * c.Draw.Int(1, 3);
        int[] dims = [c.Draw.Int(1, 2), channels, .. Enumerable.Range(0, c.Draw.Int(1, 3)).Select(_ => c.Draw.Int(1, 5))];
        int[] parameter = [c.Opset >= 21 ? channels : groups];
        c.With("num_groups", groups).Perhaps("epsilon", c.Draw.Pick(1e-5f, 1e-3f, 0.1f)).Perhaps("stash_type", 1);
        Tensor factors = c.Draw.Tensor(c.Type(), parameter);
        if (dims[1..].Aggregate(1, (n, d) => n * d) / groups < 8) c.Slack(OfEqualElements(factors));
        c.Data(dims).Parameter(factors, 0.2).Parameter(c.Draw.Tensor(c.Type(), parameter), 0.2);
    }

    /// <summary>
    /// How far results of few elements, which may be nearly equal, are off: their deviation is that of ε then, and ONNX Runtime subtracts
    /// the mean when both are divided by it. Elements are at most 4, and both are rounded to 24 bits.
    /// </summary>
    public static double OfEqualElements(Tensor factors)
    {
        double largest = 0;
        foreach (double factor in Casting.To(factors, ElementType.Float64).Span<double>()) largest = Math.Max(largest, Math.Abs(factor));
        return largest * 4 / Math.Sqrt(1e-5) / (1 << 22);
    }

    /// <summary>RMSNormalization.</summary>
    public static void RootMeanSquare(CaseBuilder c)
    {
        int[] dims = Array.ConvertAll(c.Draw.Dims(c.Draw.Rank(1, 5)), d => Math.Max(1, d));
        int axis = c.Draw.Chance(0.6) ? dims.Length - 1 : c.Draw.Int(0, dims.Length - 1);
        if (axis != dims.Length - 1 || c.Draw.Chance(0.5)) c.With("axis", c.Draw.Axis(axis, dims.Length));
        c.Perhaps("epsilon", c.Draw.Pick(1e-5f, 1e-3f, 0.1f)).Perhaps("stash_type", 1);
        // ONNX Runtime takes one type for both.
        c.Data(dims).Parameter(c.Draw.Tensor(c.Type(), dims[axis..]), 0.2);
    }
}
