using ModelOpt.Runtime.FlatBuffers;

namespace ModelOpt.Runtime.Tflite;

/// <summary>Options of an operator, readable from and writable to a table of the union's member <see cref="Type"/>.</summary>
internal interface IOperatorOptions
{
    BuiltinOptionsType Type { get; }

    FlatOffset Write(FlatBufferBuilder builder);
}

/// <summary>Options whose table has numbers and flags only.</summary>
internal abstract record ScalarOptions(BuiltinOptionsType Type) : IOperatorOptions
{
    /// <summary>The fields in the order of the table.</summary>
    protected abstract OptionField[] Fields { get; }

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        OptionField[] fields = Fields;
        builder.StartTable(fields.Length);
        for (int i = 0; i < fields.Length; i++) fields[i].Add(builder, i);
        return builder.EndTable();
    }
}

/// <summary>A field of a table. Tables leave defaults out.</summary>
internal readonly struct OptionField(Action<FlatBufferBuilder, int> add)
{
    public OptionField(int number, int byDefault)
        : this((builder, id) => builder.Add(id, number, byDefault))
    {
    }

    public static implicit operator OptionField(int number) => new(number, 0);

    public static implicit operator OptionField(byte number) => new((builder, id) => builder.Add(id, number));

    public static implicit operator OptionField(bool flag) => new((builder, id) => builder.Add(id, flag));

    public static implicit operator OptionField(long number) => new((builder, id) => builder.Add(id, number));

    public static implicit operator OptionField(float number) => new((builder, id) => builder.Add(id, number));

    public void Add(FlatBufferBuilder builder, int id) => add(builder, id);
}

/// <summary>Options whose table has no field that matters here, such as those of PAD, TRANSPOSE, QUANTIZE or SLICE.</summary>
internal sealed record EmptyOptions(BuiltinOptionsType Type) : ScalarOptions(Type)
{
    protected override OptionField[] Fields => [];
}

/// <summary>ADD, SUB, MUL, DIV: the activation only.</summary>
internal sealed record ArithmeticOptions(BuiltinOptionsType Type, ActivationFunction Activation) : ScalarOptions(Type)
{
    protected override OptionField[] Fields => [(byte)Activation];
}

internal sealed record Conv2DOptions(
    Padding Padding,
    int StrideWidth,
    int StrideHeight,
    ActivationFunction Activation,
    int DilationWidth = 1,
    int DilationHeight = 1) : ScalarOptions(BuiltinOptionsType.Conv2D)
{
    public static Conv2DOptions Read(FlatTable table) => new(
        (Padding)table.Byte(0),
        table.Int32(1),
        table.Int32(2),
        (ActivationFunction)table.Byte(3),
        table.Int32(4, 1),
        table.Int32(5, 1));

    protected override OptionField[] Fields =>
        [(byte)Padding, StrideWidth, StrideHeight, (byte)Activation, new(DilationWidth, 1), new(DilationHeight, 1)];
}

internal sealed record DepthwiseConv2DOptions(
    Padding Padding,
    int StrideWidth,
    int StrideHeight,
    int DepthMultiplier,
    ActivationFunction Activation,
    int DilationWidth = 1,
    int DilationHeight = 1) : ScalarOptions(BuiltinOptionsType.DepthwiseConv2D)
{
    public static DepthwiseConv2DOptions Read(FlatTable table) => new(
        (Padding)table.Byte(0),
        table.Int32(1),
        table.Int32(2),
        table.Int32(3),
        (ActivationFunction)table.Byte(4),
        table.Int32(5, 1),
        table.Int32(6, 1));

    protected override OptionField[] Fields =>
        [(byte)Padding, StrideWidth, StrideHeight, DepthMultiplier, (byte)Activation, new(DilationWidth, 1), new(DilationHeight, 1)];
}

/// <summary>TRANSPOSE_CONV.</summary>
internal sealed record TransposeConvOptions(
    Padding Padding,
    int StrideWidth,
    int StrideHeight,
    ActivationFunction Activation = ActivationFunction.None) : ScalarOptions(BuiltinOptionsType.TransposeConv)
{
    public static TransposeConvOptions Read(FlatTable table) => new(
        (Padding)table.Byte(0), table.Int32(1), table.Int32(2), (ActivationFunction)table.Byte(3));

    protected override OptionField[] Fields => [(byte)Padding, StrideWidth, StrideHeight, (byte)Activation];
}

internal sealed record Pool2DOptions(
    Padding Padding,
    int StrideWidth,
    int StrideHeight,
    int FilterWidth,
    int FilterHeight,
    ActivationFunction Activation) : ScalarOptions(BuiltinOptionsType.Pool2D)
{
    public static Pool2DOptions Read(FlatTable table) => new(
        (Padding)table.Byte(0),
        table.Int32(1),
        table.Int32(2),
        table.Int32(3),
        table.Int32(4),
        (ActivationFunction)table.Byte(5));

    protected override OptionField[] Fields => [(byte)Padding, StrideWidth, StrideHeight, FilterWidth, FilterHeight, (byte)Activation];
}

internal sealed record FullyConnectedOptions(
    ActivationFunction Activation,
    bool KeepDimensions = false,
    byte WeightsFormat = 0) : ScalarOptions(BuiltinOptionsType.FullyConnected)
{
    public static FullyConnectedOptions Read(FlatTable table) =>
        new((ActivationFunction)table.Byte(0), table.Bool(2), table.Byte(1));

    protected override OptionField[] Fields => [(byte)Activation, WeightsFormat, KeepDimensions];
}

internal sealed record BatchMatMulOptions(bool TransposeX, bool TransposeY) : ScalarOptions(BuiltinOptionsType.BatchMatMul)
{
    public static BatchMatMulOptions Read(FlatTable table) => new(table.Bool(0), table.Bool(1));

    protected override OptionField[] Fields => [TransposeX, TransposeY];
}
