namespace ModelOpt.Fuzz.Operators.Generators;

/// <summary>Fourier transforms and what goes with them.</summary>
internal static class Signals
{
    /// <summary>HannWindow and its kin.</summary>
    public static void Window(CaseBuilder c)
    {
        int length = c.Draw.Int(2, 40);
        // Where integers are cut off, the last digit decides.
        c.Perhaps("periodic", 0).Perhaps("output_datatype", c.Draw.Pick(1, 1, 11));
        Number(c, length);
    }

    /// <summary>MelWeightMatrix.</summary>
    public static void Bands(CaseBuilder c)
    {
        int length = 16 * c.Draw.Int(1, 20), rate = 1000 * c.Draw.Int(4, 16);
        Number(c, c.Draw.Int(1, 20)).Parameter(Tensor.Scalar((long)length), 0).Parameter(Tensor.Scalar((long)rate), 0);
        c.Parameter(Tensor.Scalar(c.Draw.Real(0, 100)), 0).Parameter(Tensor.Scalar(c.Draw.Real(300, 1900)), 0);
    }

    /// <summary>DFT along any axis, of real numbers or complex ones, cut off or filled with zeros.</summary>
    public static void Transform(CaseBuilder c)
    {
        int rank = c.Draw.Int(3, 4), axis = c.Draw.Int(1, rank - 2), parts = c.Draw.Int(1, 2);
        int[] dims = [.. Enumerable.Range(0, rank - 1).Select(_ => c.Draw.Int(1, 9)), parts];
        bool isOneSided = parts == 1 && c.Draw.Chance(0.3);
        if (isOneSided) c.With("onesided", 1);
        else c.Perhaps("inverse", 1);
        bool hasInput = c.Schema.Inputs.Count > 2;
        if (!hasInput) c.With("axis", c.Draw.Axis(axis, rank));
        c.Data(dims);
        if (c.Draw.Chance(0.4)) Number(c, c.Draw.Int(2, 12));
        else if (hasInput) c.Omit();
        if (hasInput) c.Parameter(Tensor.Scalar(c.Draw.Axis(axis, rank)), 0);
    }

    /// <summary>STFT of real numbers or complex ones.</summary>
    public static void Frames(CaseBuilder c)
    {
        int parts = c.Draw.Int(1, 2), length = c.Draw.Int(2, 9);
        c.With("onesided", parts == 1 && c.Draw.Chance(0.6) ? 1 : 0);
        c.Data([c.Draw.Int(1, 3), c.Draw.Int(length, 30), parts]);
        Number(c, c.Draw.Int(1, 5));
        bool hasWindow = c.Draw.Chance(0.7);
        if (hasWindow) c.Parameter(c.Draw.Tensor(c.Type(), [length], 0, 1), 0);
        else c.Omit();
        if (!hasWindow || c.Draw.Chance(0.5)) c.Parameter(Tensor.Scalar((long)length), 0);
    }

    private static CaseBuilder Number(CaseBuilder c, long number) => c.Parameter(Tensor.Scalar(number), 0);
}
