using ModelOpt.Runtime.FlatBuffers;

namespace ModelOpt.Runtime.Tflite;

/// <summary>ARG_MAX and ARG_MIN.</summary>
internal sealed record ArgOptions(bool Greatest, TensorType Output) : IOperatorOptions
{
    public BuiltinOptionsType Type => Greatest ? BuiltinOptionsType.ArgMax : BuiltinOptionsType.ArgMin;

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(1);
        builder.Add(0, (byte)Output);
        return builder.EndTable();
    }
}

internal sealed record CumsumOptions(bool Exclusive, bool Reverse) : IOperatorOptions
{
    public BuiltinOptionsType Type => BuiltinOptionsType.Cumsum;

    public static CumsumOptions Read(FlatTable table) => new(table.Bool(0), table.Bool(1));

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(2);
        builder.Add(0, Exclusive);
        builder.Add(1, Reverse);
        return builder.EndTable();
    }
}

internal sealed record OneHotOptions(int Axis) : IOperatorOptions
{
    public BuiltinOptionsType Type => BuiltinOptionsType.OneHot;

    public static OneHotOptions Read(FlatTable table) => new(table.Int32(0));

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(1);
        builder.Add(0, Axis);
        return builder.EndTable();
    }
}
