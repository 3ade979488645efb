using ModelOpt.Runtime.FlatBuffers;

namespace ModelOpt.Runtime.Tflite;

internal sealed record SoftmaxOptions(float Beta) : IOperatorOptions
{
    public BuiltinOptionsType Type => BuiltinOptionsType.Softmax;

    public static SoftmaxOptions Read(FlatTable table) => new(table.Single(0));

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(1);
        builder.Add(0, Beta);
        return builder.EndTable();
    }
}

internal sealed record LeakyReluOptions(float Alpha) : IOperatorOptions
{
    public BuiltinOptionsType Type => BuiltinOptionsType.LeakyRelu;

    public static LeakyReluOptions Read(FlatTable table) => new(table.Single(0));

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(1);
        builder.Add(0, Alpha);
        return builder.EndTable();
    }
}

internal sealed record GeluOptions(bool IsApproximate) : IOperatorOptions
{
    public BuiltinOptionsType Type => BuiltinOptionsType.Gelu;

    public static GeluOptions Read(FlatTable table) => new(table.Bool(0));

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(1);
        builder.Add(0, IsApproximate);
        return builder.EndTable();
    }
}

internal sealed record ConcatenationOptions(int Axis, ActivationFunction Activation) : IOperatorOptions
{
    public BuiltinOptionsType Type => BuiltinOptionsType.Concatenation;

    public static ConcatenationOptions Read(FlatTable table) =>
        new(table.Int32(0), (ActivationFunction)table.Byte(1));

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(2);
        builder.Add(0, Axis);
        builder.Add(1, (byte)Activation);
        return builder.EndTable();
    }
}

/// <summary>RESHAPE. The shape is also given by the operator's second input, where there is one, or by its output.</summary>
internal sealed record ReshapeOptions(int[] NewShape) : IOperatorOptions
{
    public BuiltinOptionsType Type => BuiltinOptionsType.Reshape;

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        FlatOffset shape = builder.CreateVector<int>(NewShape);
        builder.StartTable(1);
        builder.Add(0, shape);
        return builder.EndTable();
    }
}

internal sealed record SqueezeOptions(int[] Axes) : IOperatorOptions
{
    public BuiltinOptionsType Type => BuiltinOptionsType.Squeeze;

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        FlatOffset axes = builder.CreateVector<int>(Axes);
        builder.StartTable(1);
        builder.Add(0, axes);
        return builder.EndTable();
    }
}

internal sealed record GatherOptions(int Axis, int BatchDimensions = 0) : IOperatorOptions
{
    public BuiltinOptionsType Type => BuiltinOptionsType.Gather;

    public static GatherOptions Read(FlatTable table) => new(table.Int32(0), table.Int32(1));

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(2);
        builder.Add(0, Axis);
        builder.Add(1, BatchDimensions);
        return builder.EndTable();
    }
}

/// <summary>MEAN, SUM and the other reductions. The axes are the operator's second input.</summary>
internal sealed record ReducerOptions(bool KeepDimensions) : IOperatorOptions
{
    public BuiltinOptionsType Type => BuiltinOptionsType.Reducer;

    public static ReducerOptions Read(FlatTable table) => new(table.Bool(0));

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(1);
        builder.Add(0, KeepDimensions);
        return builder.EndTable();
    }
}

/// <summary>SPLIT and SPLIT_V.</summary>
internal sealed record SplitOptions(BuiltinOptionsType Type, int Count) : IOperatorOptions
{
    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(1);
        builder.Add(0, Count);
        return builder.EndTable();
    }
}

internal sealed record StridedSliceOptions(
    int BeginMask,
    int EndMask,
    int EllipsisMask,
    int NewAxisMask,
    int ShrinkAxisMask,
    bool EndIsOffset = false) : IOperatorOptions
{
    public BuiltinOptionsType Type => BuiltinOptionsType.StridedSlice;

    public static StridedSliceOptions Read(FlatTable table) => new(
        table.Int32(0),
        table.Int32(1),
        table.Int32(2),
        table.Int32(3),
        table.Int32(4),
        table.Bool(5));

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(6);
        builder.Add(0, BeginMask);
        builder.Add(1, EndMask);
        builder.Add(2, EllipsisMask);
        builder.Add(3, NewAxisMask);
        builder.Add(4, ShrinkAxisMask);
        builder.Add(5, EndIsOffset);
        return builder.EndTable();
    }
}

internal sealed record CastOptions(TensorType Input, TensorType Output) : IOperatorOptions
{
    public BuiltinOptionsType Type => BuiltinOptionsType.Cast;

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(2);
        builder.Add(0, (byte)Input);
        builder.Add(1, (byte)Output);
        return builder.EndTable();
    }
}

internal sealed record ShapeOptions(TensorType Output) : IOperatorOptions
{
    public BuiltinOptionsType Type => BuiltinOptionsType.Shape;

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(1);
        builder.Add(0, (byte)Output);
        return builder.EndTable();
    }
}

/// <summary>PACK and UNPACK: the number of operands that are stacked, and the new axis.</summary>
internal sealed record PackOptions(BuiltinOptionsType Type, int Count, int Axis) : IOperatorOptions
{
    public static PackOptions Read(FlatTable table, BuiltinOptionsType type) =>
        new(type, table.Int32(0), table.Int32(1));

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(2);
        builder.Add(0, Count);
        builder.Add(1, Axis);
        return builder.EndTable();
    }
}

/// <summary>RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR. The size is the operator's second input.</summary>
internal sealed record ResizeOptions(BuiltinOptionsType Type, bool AlignCorners, bool HalfPixelCenters)
    : IOperatorOptions
{
    public static ResizeOptions Read(FlatTable table, BuiltinOptionsType type) =>
        new(type, table.Bool(FirstField(type)), table.Bool(FirstField(type) + 1));

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(4);
        builder.Add(FirstField(Type), AlignCorners);
        builder.Add(FirstField(Type) + 1, HalfPixelCenters);
        return builder.EndTable();
    }

    // The bilinear table begins with two fields that are no longer used.
    private static int FirstField(BuiltinOptionsType type) => type == BuiltinOptionsType.ResizeBilinear ? 2 : 0;
}

/// <summary>DEPTH_TO_SPACE and SPACE_TO_DEPTH.</summary>
internal sealed record BlockOptions(BuiltinOptionsType Type, int BlockSize) : IOperatorOptions
{
    public static BlockOptions Read(FlatTable table, BuiltinOptionsType type) => new(type, table.Int32(0));

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        builder.StartTable(1);
        builder.Add(0, BlockSize);
        return builder.EndTable();
    }
}
