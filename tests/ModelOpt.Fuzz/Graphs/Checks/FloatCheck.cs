namespace ModelOpt.Fuzz.Graphs.Checks;

/// <summary>Models that compute in float.</summary>
internal static class FloatCheck
{
    private const double Tolerance = 1e-4;

    /// <summary>
    /// All outputs agree within 1e-4 of the largest value, or, where the model itself makes much of little, within what a change of each
    /// of its values by a millionth makes of them.
    /// </summary>
    /// <exception cref="FindingException">They do not.</exception>
    public static void Close(Subject expected, Dictionary<string, Tensor>[] actual, string check)
    {
        Dictionary<string, double>? sensitivity = null;
        foreach (string output in expected.Outputs)
        {
            Difference difference = Difference.Of(expected.Values, actual, output, check);
            if (difference.Most <= (Tolerance * difference.Largest) + 1e-6) continue;
            sensitivity ??= Noise.OfValues(expected);
            if (difference.Most > 10 * sensitivity[output])
                throw new FindingException(new Finding(FindingKind.Wrong, check, difference.Where));
        }
    }

    /// <summary>All outputs are as near to the original's as rounding of the constants explains.</summary>
    /// <exception cref="FindingException">They are not.</exception>
    public static void Rounded(Subject original, Dictionary<string, Tensor>[] actual, bool half)
    {
        string check = $"{(half ? "float16" : "int8")} weights against the original";
        Dictionary<string, double>? few = null, many = null;
        foreach (string output in original.Outputs)
        {
            Difference difference = Difference.Of(original.Values, actual, output, check);
            few ??= Noise.OfConstants(original, half);
            if (difference.Power <= Allowed(few)) continue;
            many ??= Noise.OfConstants(original, half, Noise.ManyDraws);
            if (difference.Power <= Allowed(many)) continue;
            throw new FindingException(new Finding(
                FindingKind.Wrong, check, $"rms {difference.Rms:g4}, {Math.Sqrt(many[output]):g4} is explained; {difference.Where}"));

            double Allowed(Dictionary<string, double> noise) => (16 * noise[output]) + Math.Pow(Tolerance * difference.Largest, 2) + 1e-12;
        }
    }
}
