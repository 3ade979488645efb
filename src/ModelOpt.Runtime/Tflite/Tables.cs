using ModelOpt.Runtime.FlatBuffers;

namespace ModelOpt.Runtime.Tflite;

/// <summary>The root table of a .tflite file.</summary>
internal readonly struct ModelTable(FlatTable table)
{
    public const string FileIdentifier = "TFL3";

    public static ModelTable Open(ReadOnlyMemory<byte> file) => new(new FlatBuffer(file).Root(FileIdentifier));

    public uint Version => table.UInt32(0);

    public FlatTableVector OperatorCodes => table.Tables(1);

    public FlatTableVector Subgraphs => table.Tables(2);

    public FlatTableVector Buffers => table.Tables(4);
}

internal readonly struct OperatorCodeTable(FlatTable table)
{
    /// <summary>The operator. Old files have it in a byte field, which newer ones fill for numbers below 127 only.</summary>
    public BuiltinOperator Operator =>
        (BuiltinOperator)Math.Max((int)(sbyte)table.Byte(0), table.Int32(3));

    /// <summary>The name of a custom operator in UTF-8.</summary>
    public ReadOnlySpan<byte> CustomCode => table.Memory(1).Span;
}

internal readonly struct BufferTable(FlatTable table)
{
    public ReadOnlyMemory<byte> Data => table.Memory(0);

    /// <summary>Whether the data lies behind the FlatBuffer, as in files over 2 GB.</summary>
    public bool IsExternal => table.UInt64(1) > 1;
}

internal readonly struct SubgraphTable(FlatTable table)
{
    public FlatTableVector Tensors => table.Tables(0);

    public Int32Vector Inputs => table.Int32s(1);

    public Int32Vector Outputs => table.Int32s(2);

    public FlatTableVector Operators => table.Tables(3);
}

internal readonly struct TensorTable(FlatTable table)
{
    public Int32Vector Shape => table.Int32s(0);

    public TensorType Type => (TensorType)table.Byte(1);

    public uint Buffer => table.UInt32(2);

    /// <summary>The name in UTF-8.</summary>
    public ReadOnlySpan<byte> Name => table.Memory(3).Span;

    public QuantizationTable Quantization => new(table.Table(4));

    public bool IsVariable => table.Bool(5);

    public bool IsSparse => table.Has(6);

    /// <summary>Which elements of a sparse tensor the buffer has.</summary>
    public FlatTable Sparsity => table.Table(6);

    /// <summary>The shape with −1 for dimensions that may vary; empty when none does.</summary>
    public Int32Vector ShapeSignature => table.Int32s(7);
}

internal readonly struct QuantizationTable(FlatTable table)
{
    /// <summary>The scales, as bytes of float32.</summary>
    public ReadOnlyMemory<byte> Scales => table.Memory(2, sizeof(float));

    /// <summary>The zero points, as bytes of int64.</summary>
    public ReadOnlyMemory<byte> ZeroPoints => table.Memory(3, sizeof(long));

    public int Dimension => table.Int32(6);

    /// <summary>How the tensor is quantized in blocks: scales (a tensor), zero points (a tensor), size; null where it is not.</summary>
    public FlatTable? Blocks => table.Byte(4) == 2 ? table.Table(5) : null;
}

internal readonly struct OperatorTable(FlatTable table)
{
    public uint OpcodeIndex => table.UInt32(0);

    /// <summary>Tensor indices; −1 stands for an optional input that is absent.</summary>
    public Int32Vector Inputs => table.Int32s(1);

    public Int32Vector Outputs => table.Int32s(2);

    public BuiltinOptionsType OptionsType => (BuiltinOptionsType)table.Byte(3);

    public FlatTable Options => table.Table(4);

    /// <summary>The options of a custom operator, in a form of its own.</summary>
    public ReadOnlyMemory<byte> CustomOptions => table.Memory(5);

    /// <summary>The options of a STABLEHLO_COMPOSITE.</summary>
    public CompositeTable Composite => new(table.Table(12));
}

/// <summary>A function by its name, with a subgraph that computes it.</summary>
internal readonly struct CompositeTable(FlatTable table)
{
    /// <summary>The name in UTF-8.</summary>
    public ReadOnlySpan<byte> Name => table.Memory(0).Span;

    /// <summary>The subgraph.</summary>
    public int Decomposition => table.Int32(1);

    /// <summary>The options of the function, in a form of its own.</summary>
    public ReadOnlyMemory<byte> Attributes => table.Memory(2);
}
