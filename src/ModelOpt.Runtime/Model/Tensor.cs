using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Model;

/// <summary>A tensor of the graph: an input, a constant, or the result of one node.</summary>
internal sealed class Tensor
{
    /// <summary>Bytes that one tensor may have. An offset into it always fits an int.</summary>
    public const int MaxBytes = 1 << 30;

    public const int MaxRank = 8;

    public Tensor(string name, TensorType type, int[] shape, Quantization? quantization)
    {
        Name = name;
        Type = type;
        Shape = shape;
        Quantization = quantization;
        if (shape.Length > MaxRank)
            throw Error($"has {shape.Length} dimensions; at most {MaxRank} are supported");
        long bytes = type.Size();
        if (bytes == 0)
            throw Error($"has element type {type}, which is not supported");
        foreach (int dimension in shape)
        {
            if (dimension < 0)
                throw Error("has a negative dimension");
            bytes *= dimension;
            if (bytes > MaxBytes)
                throw Error($"is larger than the limit of {MaxBytes >> 20} MB");
        }
        Bytes = (int)bytes;
        Elements = Bytes / type.Size();
    }

    public string Name { get; }

    public TensorType Type { get; }

    public int[] Shape { get; }

    public int Rank => Shape.Length;

    public int Elements { get; }

    public int Bytes { get; }

    public Quantization? Quantization { get; }

    /// <summary>Whether it keeps its value from call to call.</summary>
    public bool IsVariable { get; init; }

    /// <summary>Whether the file lets the first dimension vary.</summary>
    public bool HasDynamicBatch { get; init; }

    /// <summary>The shape with −1 for sizes that may vary, where the file says so.</summary>
    public int[]? Signature { get; init; }

    /// <summary>The value of a constant. It lies in the file, unaligned, or was computed when the model was loaded.</summary>
    public ReadOnlyMemory<byte>? Data { get; set; }

    public bool IsConstant => Data is not null;

    /// <summary>Scale of a tensor that is quantized as a whole.</summary>
    public float Scale => PerTensor().Scale(0);

    /// <summary>Zero point of a tensor that is quantized as a whole.</summary>
    public int ZeroPoint => PerTensor().ZeroPoint(0);

    /// <summary>Whether real values are stored in 8 bits with scale and zero point.</summary>
    public bool IsQuantized8 => Type is TensorType.Int8 or TensorType.UInt8 && Quantization is not null;

    /// <summary>
    /// Whether stored values stand for the same real numbers as those of a tensor of the same type; both are quantized as a whole.
    /// </summary>
    public bool HasGridOf(Tensor other) => Scale == other.Scale && ZeroPoint == other.ZeroPoint;

    /// <summary>Whether another has the same type, shape and grid, so that bytes of one can stand for the other.</summary>
    public bool IsLike(Tensor other) => Type == other.Type && Shape.AsSpan().SequenceEqual(other.Shape)
        && (Quantization is null ? other.Quantization is null : other.Quantization is { } grid && grid.Count == Quantization.Count
            && (grid.Count != 1 || HasGridOf(other)));

    /// <summary>Lowest value of an 8-bit element type.</summary>
    public int TypeMin => Type == TensorType.UInt8 ? 0 : sbyte.MinValue;

    /// <summary>Highest value of an 8-bit element type.</summary>
    public int TypeMax => Type == TensorType.UInt8 ? byte.MaxValue : sbyte.MaxValue;

    public ReadOnlySpan<T> Constant<T>()
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(ConstantBytes());

    /// <summary>The bytes of a constant.</summary>
    public ReadOnlySpan<byte> ConstantBytes() => (Data ?? throw new ValueNeededException(this)).Span;

    /// <summary>The tensor with other sizes.</summary>
    public Tensor Resized(int[] shape) => new(Name, Type, shape, Quantization)
    {
        Signature = Signature,
        HasDynamicBatch = HasDynamicBatch,
    };

    /// <summary>Whether the file lets the tensor have a shape.</summary>
    public bool Takes(ReadOnlySpan<int> shape)
    {
        ReadOnlySpan<int> own = Signature ?? Shape;
        if (own.Length != shape.Length)
            return false;
        for (int i = 0; i < shape.Length; i++)
        {
            if (own[i] == -1 ? shape[i] < 0 : own[i] != shape[i])
                return false;
        }

        return true;
    }

    /// <summary>The integers of a constant int32 or int64 tensor of at most <paramref name="limit"/> elements.</summary>
    public int[] ConstantInts(int limit = MaxRank)
    {
        if (Elements > limit)
            throw Error($"has {Elements} elements where at most {limit} are expected");
        int[] values = new int[Elements];
        for (int i = 0; i < values.Length; i++)
        {
            long value = Type switch
            {
                TensorType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(ConstantBytes()[(4 * i)..]),
                TensorType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(ConstantBytes()[(8 * i)..]),
                _ => throw Error($"has element type {Type} where int32 or int64 is expected"),
            };
            values[i] = (int)Math.Clamp(value, int.MinValue, int.MaxValue);
        }
        return values;
    }

    public InvalidModelException Error(string message) => new($"Tensor '{Name}' {message}.");

    private Quantization PerTensor()
    {
        if (Quantization is not { } quantization)
            throw Error("has no quantization parameters");
        if (quantization.Count != 1)
            throw Error($"is quantized with {quantization.Count} scales where one is expected");
        return quantization;
    }
}

/// <summary>real = (stored − zero point) · scale, with one scale, or one for each index of <paramref name="axis"/>.</summary>
internal sealed class Quantization(ReadOnlyMemory<byte> scales, ReadOnlyMemory<byte> zeroPoints, int axis)
{
    public int Count => scales.Length / sizeof(float);

    public int Axis => axis;

    public float Scale(int index) => BinaryPrimitives.ReadSingleLittleEndian(scales.Span[(index * sizeof(float))..]);

    public int ZeroPoint(int index) => zeroPoints.IsEmpty ? 0
        : (int)BinaryPrimitives.ReadInt64LittleEndian(zeroPoints.Span[(zeroPoints.Length == sizeof(long) ? 0 : index * sizeof(long))..]);

    public float[] Scales()
    {
        var values = new float[Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = Scale(i);
        return values;
    }
}
