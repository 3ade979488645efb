using ModelOpt.Runtime.FlatBuffers;

namespace ModelOpt.Runtime.Tflite;

/// <summary>FAKE_QUANT.</summary>
/// <param name="Min">The lower bound, which is moved a little so that zero is one of the numbers.</param>
/// <param name="Max">The upper bound, which is moved with it.</param>
/// <param name="IsNarrow">Whether the lowest integer is left out.</param>
internal sealed record FakeQuantOptions(float Min, float Max, int Bits, bool IsNarrow) : ScalarOptions(BuiltinOptionsType.FakeQuant)
{
    public static FakeQuantOptions Read(FlatTable table) => new(table.Single(0), table.Single(1), table.Int32(2), table.Bool(3));

    /// <summary>Whether there are such numbers.</summary>
    public bool IsValid => Bits is >= 2 and <= 16 && Min <= 0 && Max >= 0 && Max > Min && float.IsFinite(Max - Min);

    /// <summary>The distance of the numbers.</summary>
    public float Scale => (Max - Min) / (Most - Least);

    /// <summary>The integer that stands for zero.</summary>
    public int ZeroPoint => (int)Math.Clamp(MathF.Round(Least - (Min / Scale), MidpointRounding.AwayFromZero), Least, Most);

    /// <summary>The lowest number.</summary>
    public float Low => (Least - ZeroPoint) * Scale;

    /// <summary>The highest number.</summary>
    public float High => (Most - ZeroPoint) * Scale;

    protected override OptionField[] Fields => [Min, Max, Bits, IsNarrow];

    private int Least => IsNarrow ? 1 : 0;

    private int Most => (1 << Bits) - 1;
}
