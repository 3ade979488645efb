using ModelOpt.Runtime.FlatBuffers;

namespace ModelOpt.Runtime.Tflite;

/// <summary>ARG_MAX and ARG_MIN.</summary>
internal sealed record ArgOptions(bool Greatest, TensorType Output)
    : ScalarOptions(Greatest ? BuiltinOptionsType.ArgMax : BuiltinOptionsType.ArgMin)
{
    protected override OptionField[] Fields => [(byte)Output];
}

internal sealed record CumsumOptions(bool Exclusive, bool Reverse) : ScalarOptions(BuiltinOptionsType.Cumsum)
{
    public static CumsumOptions Read(FlatTable table) => new(table.Bool(0), table.Bool(1));

    protected override OptionField[] Fields => [Exclusive, Reverse];
}

internal sealed record OneHotOptions(int Axis) : ScalarOptions(BuiltinOptionsType.OneHot)
{
    public static OneHotOptions Read(FlatTable table) => new(table.Int32(0));

    protected override OptionField[] Fields => [Axis];
}

/// <summary>RANDOM_UNIFORM and RANDOM_STANDARD_NORMAL. Of LiteRT's generator, two zeros mean a seed of its own.</summary>
internal sealed record RandomOptions(long Seed, long Seed2) : ScalarOptions(BuiltinOptionsType.Random)
{
    public static RandomOptions Read(FlatTable table) => new(unchecked((long)table.UInt64(0)), unchecked((long)table.UInt64(1)));

    protected override OptionField[] Fields => [Seed, Seed2];
}
