using System.Globalization;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Compile;

/// <summary>How far a tensor is from its expected value.</summary>
internal static class TensorDifference
{
    // Another order of float32 sums changes far less than this share of the largest value; a fault changes far more.
    private const double FloatTolerance = 1e-3;

    /// <summary>How many times what a change of the last bit makes is no more than rounding.</summary>
    public const double Nudges = 8;

    // A value that lies between two steps may fall to either side; no value is more than one step off for that.
    private const double Steps = 1.01;

    // 2^-8 of the largest float.
    private const float NextToInfinite = float.MaxValue / 256;

    /// <summary>Describes the difference; null if there is none.</summary>
    /// <param name="step">The distance between neighbors on the grid that both are rounded to, or 0.</param>
    /// <param name="rounding">How far floats may be off besides.</param>
    public static string? Find(Tensor expected, Tensor actual, float step = 0, double rounding = 0)
    {
        if (!expected.Shape.Equals(actual.Shape)) return $"its shape is {actual.Shape}, not {expected.Shape}";
        return expected.Type.IsFloat() ? OfFloats(expected, actual, step, rounding) : OfIntegers(expected, actual);
    }

    private static string? OfIntegers(Tensor expected, Tensor actual)
    {
        if (expected.Type != actual.Type) return $"its type is {actual.Type}, not {expected.Type}";
        ReadOnlySpan<byte> wanted = expected.Bytes.Span, got = actual.Bytes.Span;
        int same = wanted.CommonPrefixLength(got);
        if (same == wanted.Length) return null;
        int index = same / expected.Type.Size();
        return Text(index, Element(actual, index), Element(expected, index));
    }

    private static decimal Element(Tensor tensor, int index) =>
        tensor.Type == ElementType.UInt64 ? tensor.Span<ulong>()[index] : Elements.ToInt64s(tensor)[index];

    private static string? OfFloats(Tensor expected, Tensor actual, float step, double rounding)
    {
        ReadOnlySpan<float> wanted = Floats(expected), got = Floats(actual);
        double largest = LargestFinite(wanted);
        double tolerance = step > 0 ? (Steps * step) + (1e-6 * largest) : FloatTolerance * largest;
        tolerance += rounding;
        int worst = -1;
        double worstDistance = tolerance;
        for (int i = 0; i < wanted.Length; i++)
        {
            double distance = wanted[i].Equals(got[i]) || Overflows(wanted[i], got[i]) ? 0 : Math.Abs((double)wanted[i] - got[i]);
            if (double.IsNaN(distance)) distance = double.PositiveInfinity;
            if (distance <= worstDistance) continue;
            (worst, worstDistance) = (i, distance);
        }

        return worst < 0 ? null : Text(worst, got[worst], wanted[worst], "G6");
    }

    // Tensors of large models are not copied to be looked at.
    private static ReadOnlySpan<float> Floats(Tensor tensor) =>
        tensor.Type == ElementType.Float32 ? tensor.Span<float>() : Elements.ToFloats(tensor);

    private static float LargestFinite(ReadOnlySpan<float> values)
    {
        float largest = 0;
        foreach (float value in values)
        {
            float size = MathF.Abs(value);
            if (size > largest && float.IsFinite(size)) largest = size;
        }

        return largest;
    }

    // Where a product overflows by the order of its factors, one order may be infinite and another next to it.
    private static bool Overflows(float wanted, float got) =>
        float.IsInfinity(wanted) && float.IsNegative(wanted) == float.IsNegative(got) && MathF.Abs(got) >= NextToInfinite;

    /// <summary>The largest finite distance of two elements; 0 for tensors of other shapes.</summary>
    public static double Largest(Tensor a, Tensor b) => !a.Shape.Equals(b.Shape) ? 0 : Elements.ToFloats(a).Zip(Elements.ToFloats(b))
        .Select(p => Math.Abs((double)p.First - p.Second)).Where(double.IsFinite).DefaultIfEmpty().Max();

    /// <summary>A float32 tensor of whose finite elements half are a bit higher and a quarter lower: no sum of that cancels.</summary>
    public static Tensor Nudged(Tensor tensor)
    {
        if (tensor.Type != ElementType.Float32) return tensor;
        float[] elements = tensor.Span<float>().ToArray();
        for (int i = 0; i < elements.Length; i++)
        {
            if (elements[i] == 0 || !float.IsFinite(elements[i])) continue;
            if (i % 2 == 0) elements[i] = MathF.BitIncrement(elements[i]);
            else if (i % 4 == 1) elements[i] = MathF.BitDecrement(elements[i]);
        }

        return Tensor.Of<float>(tensor.Dims, elements);
    }

    /// <summary>Root mean square of the difference, relative to that of the finite expected values.</summary>
    /// <param name="actual">The computed value, of the same shape.</param>
    /// <param name="least">Added to that root mean square: what small values are compared with.</param>
    public static double RelativeRms(Tensor expected, Tensor actual, double least)
    {
        float[] wanted = Elements.ToFloats(expected), got = Elements.ToFloats(actual);
        double signal = 0, noise = 0;
        for (int i = 0; i < wanted.Length; i++)
        {
            if (float.IsFinite(wanted[i])) signal += (double)wanted[i] * wanted[i];
            if (!wanted[i].Equals(got[i])) noise += ((double)wanted[i] - got[i]) * ((double)wanted[i] - got[i]);
        }

        return noise == 0 ? 0 : Math.Sqrt(noise / wanted.Length) / (Math.Sqrt(signal / wanted.Length) + least);
    }

    private static string Text(int index, IFormattable actual, IFormattable expected, string? format = null) =>
        $"element {index} is {actual.ToString(format, CultureInfo.InvariantCulture)} and should be "
            + $"{expected.ToString(format, CultureInfo.InvariantCulture)}";
}
