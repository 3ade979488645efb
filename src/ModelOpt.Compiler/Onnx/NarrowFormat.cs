using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Onnx;

/// <summary>A number format of ONNX of at most eight bits that the graph does not compute with: a code stands for each number.</summary>
/// <param name="Type">ONNX's number of the element type.</param>
/// <param name="Bits">Bits of a code.</param>
/// <param name="ExponentBits">Of a float, bits of the exponent; 0 for an integer.</param>
/// <param name="Bias">Of a float, what the exponent counts from.</param>
/// <param name="IsSigned">Whether an integer is signed; floats are.</param>
/// <param name="IsUnsignedZero">Of a float, whether it has no negative zero, whose code is the one that is no number.</param>
internal sealed record NarrowFormat(int Type, int Bits, int ExponentBits, int Bias, bool IsSigned, bool IsUnsignedZero)
{
    private const int Float8E4M3 = 17, Float8E5M2 = 19;

    private static readonly NarrowFormat[] All =
    [
        new(Float8E4M3, 8, 4, 7, true, false), new(18, 8, 4, 8, true, true), new(Float8E5M2, 8, 5, 15, true, false),
        new(20, 8, 5, 16, true, true), new(21, 4, 0, 0, false, false), new(22, 4, 0, 0, true, false), new(23, 4, 2, 1, true, false),
        new(25, 2, 0, 0, false, false), new(26, 2, 0, 0, true, false),
    ];

    /// <summary>The format of an element type of ONNX; null where that is none.</summary>
    public static NarrowFormat? Of(long type) => Array.Find(All, f => f.Type == type);

    /// <summary>Whether numbers are integers, which are their own codes.</summary>
    public bool IsInteger => ExponentBits == 0;

    /// <summary>The type of codes.</summary>
    public ElementType Stored => IsInteger && IsSigned ? ElementType.Int8 : ElementType.UInt8;

    /// <summary>The least and the largest integer.</summary>
    public (int Least, int Most) Range => IsSigned ? (-(1 << (Bits - 1)), (1 << (Bits - 1)) - 1) : (0, (1 << Bits) - 1);

    /// <summary>The code of a negative number is that of its magnitude with this added.</summary>
    public int SignCode => 1 << (Bits - 1);

    /// <summary>The code of what is no number; of a format without one, that of negative zero.</summary>
    public int NoNumber => Bits < 8 ? SignCode : IsUnsignedZero ? 0x80 : Type == Float8E5M2 ? 0x7E : 0x7F;

    /// <summary>The code of the largest finite number.</summary>
    public int Largest => Type == Float8E4M3 ? 0x7E : Type == Float8E5M2 ? 0x7B : SignCode - 1;

    /// <summary>The code of what is too large; the code of the largest number where numbers are clamped.</summary>
    public int TooLarge => Bits < 8 ? Largest : IsUnsignedZero ? 0x80 : Largest + 1;

    /// <summary>The number of each code.</summary>
    public float[] Numbers()
    {
        float[] numbers = new float[1 << Bits];
        for (int code = 0; code < numbers.Length; code++)
        {
            int magnitude = code & (SignCode - 1);
            float number = magnitude <= Largest ? Magnitude(magnitude)
                : Type == Float8E5M2 && magnitude == Largest + 1 ? float.PositiveInfinity : float.NaN;
            if (IsUnsignedZero && code == NoNumber) number = float.NaN;
            numbers[code] = code < SignCode ? number : -number;
        }

        return numbers;
    }

    /// <summary>
    /// Numbers that a magnitude is compared with: as many as it is greater than is its code, rounded to the nearest, and of two to the
    /// even one.
    /// </summary>
    /// <param name="clamps">Whether what is too large becomes the largest number.</param>
    public float[] Borders(bool clamps)
    {
        int count = Largest + (clamps || Bits < 8 ? 0 : 1);
        float[] borders = new float[count];
        for (int code = 0; code < count; code++)
        {
            float middle = (Magnitude(code) + Magnitude(code + 1)) / 2;
            borders[code] = code % 2 == 0 ? middle : MathF.BitDecrement(middle);
        }

        return borders;
    }

    private float Magnitude(int code)
    {
        int fractionBits = Bits - 1 - ExponentBits, exponent = code >> fractionBits, fraction = code & ((1 << fractionBits) - 1);
        return exponent == 0 ? MathF.ScaleB(fraction, 1 - Bias - fractionBits)
            : MathF.ScaleB(fraction + (1 << fractionBits), exponent - Bias - fractionBits);
    }
}
