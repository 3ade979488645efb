using ModelOpt.Runtime.FlatBuffers;

namespace ModelOpt.Runtime.Tflite;

internal sealed record SoftmaxOptions(float Beta) : ScalarOptions(BuiltinOptionsType.Softmax)
{
    public static SoftmaxOptions Read(FlatTable table) => new(table.Single(0));

    protected override OptionField[] Fields => [Beta];
}

internal sealed record LeakyReluOptions(float Alpha) : ScalarOptions(BuiltinOptionsType.LeakyRelu)
{
    public static LeakyReluOptions Read(FlatTable table) => new(table.Single(0));

    protected override OptionField[] Fields => [Alpha];
}

internal sealed record GeluOptions(bool IsApproximate) : ScalarOptions(BuiltinOptionsType.Gelu)
{
    public static GeluOptions Read(FlatTable table) => new(table.Bool(0));

    protected override OptionField[] Fields => [IsApproximate];
}

internal sealed record ConcatenationOptions(int Axis, ActivationFunction Activation) : ScalarOptions(BuiltinOptionsType.Concatenation)
{
    public static ConcatenationOptions Read(FlatTable table) =>
        new(table.Int32(0), (ActivationFunction)table.Byte(1));

    protected override OptionField[] Fields => [Axis, (byte)Activation];
}

/// <summary>One vector: the shape of a RESHAPE, which may also be its second input or its output's, or the axes of a SQUEEZE.</summary>
internal sealed record VectorOptions(BuiltinOptionsType Type, int[] Values) : IOperatorOptions
{
    public FlatOffset Write(FlatBufferBuilder builder)
    {
        FlatOffset values = builder.CreateVector<int>(Values);
        builder.StartTable(1);
        builder.Add(0, values);
        return builder.EndTable();
    }
}

internal sealed record GatherOptions(int Axis, int BatchDimensions = 0) : ScalarOptions(BuiltinOptionsType.Gather)
{
    public static GatherOptions Read(FlatTable table) => new(table.Int32(0), table.Int32(1));

    protected override OptionField[] Fields => [Axis, BatchDimensions];
}

/// <summary>MEAN, SUM and the other reductions. The axes are the operator's second input.</summary>
internal sealed record ReducerOptions(bool KeepDimensions) : ScalarOptions(BuiltinOptionsType.Reducer)
{
    public static ReducerOptions Read(FlatTable table) => new(table.Bool(0));

    protected override OptionField[] Fields => [KeepDimensions];
}

/// <summary>SPLIT and SPLIT_V.</summary>
internal sealed record SplitOptions(BuiltinOptionsType Type, int Count) : ScalarOptions(Type)
{
    protected override OptionField[] Fields => [Count];
}

internal sealed record StridedSliceOptions(
    int BeginMask,
    int EndMask,
    int EllipsisMask,
    int NewAxisMask,
    int ShrinkAxisMask,
    bool EndIsOffset = false) : ScalarOptions(BuiltinOptionsType.StridedSlice)
{
    public static StridedSliceOptions Read(FlatTable table) => new(
        table.Int32(0),
        table.Int32(1),
        table.Int32(2),
        table.Int32(3),
        table.Int32(4),
        table.Bool(5));

    protected override OptionField[] Fields => [BeginMask, EndMask, EllipsisMask, NewAxisMask, ShrinkAxisMask, EndIsOffset];
}

internal sealed record CastOptions(TensorType Input, TensorType Output) : ScalarOptions(BuiltinOptionsType.Cast)
{
    protected override OptionField[] Fields => [(byte)Input, (byte)Output];
}

internal sealed record ShapeOptions(TensorType Output) : ScalarOptions(BuiltinOptionsType.Shape)
{
    protected override OptionField[] Fields => [(byte)Output];
}

/// <summary>PACK and UNPACK: the number of operands that are stacked, and the new axis.</summary>
internal sealed record PackOptions(BuiltinOptionsType Type, int Count, int Axis) : ScalarOptions(Type)
{
    public static PackOptions Read(FlatTable table, BuiltinOptionsType type) =>
        new(type, table.Int32(0), table.Int32(1));

    protected override OptionField[] Fields => [Count, Axis];
}

/// <summary>RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR. The size is the operator's second input.</summary>
internal sealed record ResizeOptions(BuiltinOptionsType Type, bool AlignCorners, bool HalfPixelCenters)
    : ScalarOptions(Type)
{
    public static ResizeOptions Read(FlatTable table, BuiltinOptionsType type) =>
        new(type, table.Bool(FirstField(type)), table.Bool(FirstField(type) + 1));

    protected override OptionField[] Fields => FirstField(Type) == 0
        ? [AlignCorners, HalfPixelCenters, 0, 0] : [0, 0, AlignCorners, HalfPixelCenters];

    // The bilinear table begins with two fields that are no longer used.
    private static int FirstField(BuiltinOptionsType type) => type == BuiltinOptionsType.ResizeBilinear ? 2 : 0;
}

/// <summary>DEPTH_TO_SPACE and SPACE_TO_DEPTH.</summary>
internal sealed record BlockOptions(BuiltinOptionsType Type, int BlockSize) : ScalarOptions(Type)
{
    public static BlockOptions Read(FlatTable table, BuiltinOptionsType type) => new(type, table.Int32(0));

    protected override OptionField[] Fields => [BlockSize];
}
