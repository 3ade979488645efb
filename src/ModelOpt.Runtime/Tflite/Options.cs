using ModelOpt.Runtime.FlatBuffers;

namespace ModelOpt.Runtime.Tflite;

/// <summary>Options of an operator, readable from and writable to a table of the union's member <see cref="Type"/>.</summary>
internal interface IOperatorOptions
{
    BuiltinOptionsType Type { get; }

    FlatOffset Write(FlatBufferBuilder builder);
}

/// <summary>Options whose table has no field that matters here, such as those of PAD, TRANSPOSE, QUANTIZE or SLICE.</summary>
internal sealed record EmptyOptions(BuiltinOptionsType Type) : IOperatorOptions
{
    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(0);
        return builder.EndTable();
    }
}

/// <summary>ADD, SUB, MUL, DIV: the activation only.</summary>
internal sealed record ArithmeticOptions(BuiltinOptionsType Type, ActivationFunction Activation) : IOperatorOptions
{
    public static ArithmeticOptions Read(FlatTable table, BuiltinOptionsType type) =>
        new(type, (ActivationFunction)table.Byte(0));

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(1);
        builder.Add(0, (byte)Activation);
        return builder.EndTable();
    }
}

internal sealed record Conv2DOptions(
    Padding Padding,
    int StrideWidth,
    int StrideHeight,
    ActivationFunction Activation,
    int DilationWidth = 1,
    int DilationHeight = 1) : IOperatorOptions
{
    public BuiltinOptionsType Type => BuiltinOptionsType.Conv2D;

    public static Conv2DOptions Read(FlatTable table) => new(
        (Padding)table.Byte(0),
        table.Int32(1),
        table.Int32(2),
        (ActivationFunction)table.Byte(3),
        table.Int32(4, 1),
        table.Int32(5, 1));

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(6);
        builder.Add(0, (byte)Padding);
        builder.Add(1, StrideWidth);
        builder.Add(2, StrideHeight);
        builder.Add(3, (byte)Activation);
        builder.Add(4, DilationWidth, 1);
        builder.Add(5, DilationHeight, 1);
        return builder.EndTable();
    }
}

internal sealed record DepthwiseConv2DOptions(
    Padding Padding,
    int StrideWidth,
    int StrideHeight,
    int DepthMultiplier,
    ActivationFunction Activation,
    int DilationWidth = 1,
    int DilationHeight = 1) : IOperatorOptions
{
    public BuiltinOptionsType Type => BuiltinOptionsType.DepthwiseConv2D;

    public static DepthwiseConv2DOptions Read(FlatTable table) => new(
        (Padding)table.Byte(0),
        table.Int32(1),
        table.Int32(2),
        table.Int32(3),
        (ActivationFunction)table.Byte(4),
        table.Int32(5, 1),
        table.Int32(6, 1));

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(7);
        builder.Add(0, (byte)Padding);
        builder.Add(1, StrideWidth);
        builder.Add(2, StrideHeight);
        builder.Add(3, DepthMultiplier);
        builder.Add(4, (byte)Activation);
        builder.Add(5, DilationWidth, 1);
        builder.Add(6, DilationHeight, 1);
        return builder.EndTable();
    }
}

internal sealed record Pool2DOptions(
    Padding Padding,
    int StrideWidth,
    int StrideHeight,
    int FilterWidth,
    int FilterHeight,
    ActivationFunction Activation) : IOperatorOptions
{
    public BuiltinOptionsType Type => BuiltinOptionsType.Pool2D;

    public static Pool2DOptions Read(FlatTable table) => new(
        (Padding)table.Byte(0),
        table.Int32(1),
        table.Int32(2),
        table.Int32(3),
        table.Int32(4),
        (ActivationFunction)table.Byte(5));

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(6);
        builder.Add(0, (byte)Padding);
        builder.Add(1, StrideWidth);
        builder.Add(2, StrideHeight);
        builder.Add(3, FilterWidth);
        builder.Add(4, FilterHeight);
        builder.Add(5, (byte)Activation);
        return builder.EndTable();
    }
}

internal sealed record FullyConnectedOptions(
    ActivationFunction Activation,
    bool KeepDimensions = false,
    byte WeightsFormat = 0) : IOperatorOptions
{
    public BuiltinOptionsType Type => BuiltinOptionsType.FullyConnected;

    public static FullyConnectedOptions Read(FlatTable table) =>
        new((ActivationFunction)table.Byte(0), table.Bool(2), table.Byte(1));

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(3);
        builder.Add(0, (byte)Activation);
        builder.Add(1, WeightsFormat);
        builder.Add(2, KeepDimensions);
        return builder.EndTable();
    }
}

internal sealed record BatchMatMulOptions(bool TransposeX, bool TransposeY) : IOperatorOptions
{
    public BuiltinOptionsType Type => BuiltinOptionsType.BatchMatMul;

    public static BatchMatMulOptions Read(FlatTable table) => new(table.Bool(0), table.Bool(1));

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(2);
        builder.Add(0, TransposeX);
        builder.Add(1, TransposeY);
        return builder.EndTable();
    }
}
