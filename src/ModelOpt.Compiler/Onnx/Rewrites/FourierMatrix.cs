using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>The discrete Fourier transform as a constant: what a product, or a convolution, computes it by.</summary>
internal static class FourierMatrix
{
    private const long MostElements = 1 << 24;

    /// <summary>The matrix [samples · parts, frequencies · 2]; parts and the last two are the real and the imaginary number.</summary>
    /// <param name="samples">How many samples there are; those behind <paramref name="length"/> do not count.</param>
    /// <param name="parts">1 for real samples, 2 for complex ones.</param>
    /// <param name="weights">A factor for each sample, or null.</param>
    public static Tensor Of(
        Rewriting at, int samples, int parts, int length, int frequencies, bool inverse, ReadOnlySpan<float> weights = default)
    {
        if ((long)samples * parts * frequencies * 2 > MostElements) throw at.Refusal($"a transform of {length} samples");
        Tensor matrix = Tensor.Zeros(ElementType.Float32, [samples * parts, frequencies * 2]);
        Span<float> to = matrix.Span<float>();
        for (int n = 0; n < Math.Min(samples, length); n++)
        {
            double weight = (weights.IsEmpty ? 1.0 : weights[n]) / (inverse ? length : 1);
            for (int k = 0; k < frequencies; k++)
            {
                // The angle of a whole turn less keeps its digits.
                double angle = Math.Tau * ((long)n * k % length) / length * (inverse ? 1 : -1);
                float real = (float)(weight * Math.Cos(angle)), imaginary = (float)(weight * Math.Sin(angle));
                int place = (n * parts * frequencies * 2) + (k * 2);
                (to[place], to[place + 1]) = (real, imaginary);
                if (parts == 2) (to[place + (frequencies * 2)], to[place + (frequencies * 2) + 1]) = (-imaginary, real);
            }
        }

        return matrix;
    }

    /// <summary>
    /// The matrix [frequencies · 2, samples] of the way back from the frequencies of one side to real samples: the other side's are their
    /// mirror, so each counts twice that is not its own.
    /// </summary>
    public static Tensor OfOneSide(Rewriting at, int frequencies, int length)
    {
        if ((long)frequencies * 2 * length > MostElements) throw at.Refusal($"a transform of {length} samples");
        Tensor matrix = Tensor.Zeros(ElementType.Float32, [frequencies * 2, length]);
        Span<float> to = matrix.Span<float>();
        for (int k = 0; k < Math.Min(frequencies, (length / 2) + 1); k++)
        {
            double weight = (k == 0 || 2 * k == length ? 1.0 : 2.0) / length;
            for (int n = 0; n < length; n++)
            {
                double angle = Math.Tau * ((long)n * k % length) / length;
                to[(2 * k * length) + n] = (float)(weight * Math.Cos(angle));
                to[(((2 * k) + 1) * length) + n] = (float)(-weight * Math.Sin(angle));
            }
        }

        return matrix;
    }

    /// <summary>The number of an input that says a length or a step.</summary>
    public static int? Number(Rewriting at, int index, string name)
    {
        if (at.InputOrNull(index) is not { } value) return null;
        Tensor known = Operators.Contract.ShapeContents.Tensor(value) ?? throw at.Refusal($"a computed {name}");
        return known.Count == 1 && known.ToInt64s()[0] is > 0 and <= int.MaxValue and var number ? (int)number
            : throw at.Refusal($"a {name} of {known}");
    }

    /// <summary>Real or complex samples: the last size of a value.</summary>
    public static int Parts(Rewriting at, Value value) =>
        AttentionParts.SizeOf(value, -1) is var parts and (1 or 2) ? (int)parts : throw at.Refusal($"samples of shape {value.Shape}");
}
