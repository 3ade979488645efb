namespace ModelOpt.Compiler.Techniques.LowRank;

/// <summary>How a weight is divided between two factors.</summary>
internal enum FactorForm
{
    /// <summary>All of the window to r channels, then 1×1 to the outputs; of a 1×1 or dense layer, the usual low rank.</summary>
    Channel,

    /// <summary>kh×1 to r channels, then 1×kw.</summary>
    Vertical,

    /// <summary>1×kw to r channels, then kh×1.</summary>
    Horizontal,

    /// <summary>1×1 to r channels, then all of the window.</summary>
    Input,

    /// <summary>1×1 to r₁ channels, all of the window to r₂, 1×1 to the outputs (Tucker-2).</summary>
    Tucker,
}

/// <summary>The sizes of a weight [out, in, kh, kw]; dense layers and 1-D windows have ones.</summary>
internal readonly record struct WeightShape(int Outputs, int Inputs, int Height, int Width)
{
    /// <summary>Weights of one output channel.</summary>
    public int PerOutput => Inputs * Height * Width;
}

/// <summary>
/// The columns of a weight matrix [out, in·kh·kw], put in the order (n, s): what the first factor sums over, and the taps that
/// are left to the second. Every form is then <c>W'[o, (n, s)] = Σ_q B[o, (q, s)] · A[q, n]</c>.
/// </summary>
/// <param name="Order">For each (n, s), the column.</param>
internal sealed record TapSplit(int First, int Second, int[] Order)
{
    /// <summary>The split of a form of two factors; <see cref="FactorForm.Tucker"/> is split as <see cref="FactorForm.Input"/>.</summary>
    public static TapSplit Of(FactorForm form, WeightShape shape)
    {
        (_, int inputs, int height, int width) = shape;
        IEnumerable<int> order = Enumerable.Range(0, shape.PerOutput);
        return form switch
        {
            FactorForm.Channel => new TapSplit(shape.PerOutput, 1, [.. order]),
            FactorForm.Vertical => new TapSplit(inputs * height, width, [.. order]),
            FactorForm.Horizontal => new TapSplit(inputs * width, height,
                [.. order.Select(k => (k / (width * height) * width * height) + (k % height * width) + (k / height % width))]),
            _ => new TapSplit(inputs, height * width, [.. order]),
        };
    }

    /// <summary>A matrix in the columns' own order again.</summary>
    /// <param name="ordered">A matrix in the order (n, s).</param>
    public Numerics.RowMatrix Restore(Numerics.RowMatrix ordered)
    {
        int[] back = new int[Order.Length];
        for (int i = 0; i < back.Length; i++) back[Order[i]] = i;
        return ordered.Columnwise(back);
    }
}
