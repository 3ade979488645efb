namespace ModelOpt.OnnxRuntime;

/// <summary>Element types, with the values of ONNX's TensorProto.DataType.</summary>
public enum OrtElementType
{
    /// <summary>Not a tensor, or of an unknown type.</summary>
    Undefined = 0,

    /// <summary>float.</summary>
    Float32 = 1,

    /// <summary>byte.</summary>
    UInt8 = 2,

    /// <summary>sbyte.</summary>
    Int8 = 3,

    /// <summary>ushort.</summary>
    UInt16 = 4,

    /// <summary>short.</summary>
    Int16 = 5,

    /// <summary>int.</summary>
    Int32 = 6,

    /// <summary>long.</summary>
    Int64 = 7,

    /// <summary>Text; tensors of it are refused by this binding.</summary>
    Text = 8,

    /// <summary>bool, one byte.</summary>
    Bool = 9,

    /// <summary>System.Half.</summary>
    Float16 = 10,

    /// <summary>double.</summary>
    Float64 = 11,

    /// <summary>uint.</summary>
    UInt32 = 12,

    /// <summary>ulong.</summary>
    UInt64 = 13,
}

internal static class OrtElementTypes
{
    /// <summary>Bytes of one element.</summary>
    /// <exception cref="NotSupportedException">The type has no fixed size that this binding knows.</exception>
    public static int Size(this OrtElementType type) => type switch
    {
        OrtElementType.UInt8 or OrtElementType.Int8 or OrtElementType.Bool => 1,
        OrtElementType.UInt16 or OrtElementType.Int16 or OrtElementType.Float16 => 2,
        OrtElementType.Float32 or OrtElementType.Int32 or OrtElementType.UInt32 => 4,
        OrtElementType.Float64 or OrtElementType.Int64 or OrtElementType.UInt64 => 8,
        OrtElementType.Text => throw new NotSupportedException("Tensors of strings are not supported."),
        _ => throw new NotSupportedException($"Tensors of ONNX element type {(int)type} are not supported."),
    };

    /// <summary>The element type that a .NET type stands for.</summary>
    /// <exception cref="NotSupportedException">None does.</exception>
    public static OrtElementType Of<T>() where T : unmanaged =>
        typeof(T) == typeof(float) ? OrtElementType.Float32
        : typeof(T) == typeof(byte) ? OrtElementType.UInt8
        : typeof(T) == typeof(sbyte) ? OrtElementType.Int8
        : typeof(T) == typeof(ushort) ? OrtElementType.UInt16
        : typeof(T) == typeof(short) ? OrtElementType.Int16
        : typeof(T) == typeof(int) ? OrtElementType.Int32
        : typeof(T) == typeof(long) ? OrtElementType.Int64
        : typeof(T) == typeof(bool) ? OrtElementType.Bool
        : typeof(T) == typeof(Half) ? OrtElementType.Float16
        : typeof(T) == typeof(double) ? OrtElementType.Float64
        : typeof(T) == typeof(uint) ? OrtElementType.UInt32
        : typeof(T) == typeof(ulong) ? OrtElementType.UInt64
        : throw new NotSupportedException($"Tensors of {typeof(T)} are not supported.");

    /// <summary>Elements of a shape.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A dimension is negative.</exception>
    /// <exception cref="OverflowException">The elements would not fit in one array.</exception>
    public static int Count(ReadOnlySpan<long> shape)
    {
        int count = 1;
        foreach (long dim in shape)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(dim, nameof(shape));
            count = checked((int)(count * dim));
        }
        return count;
    }

    /// <summary>Fails unless T is the .NET type of the element type.</summary>
    public static void Require<T>(this OrtElementType type, string name) where T : unmanaged
    {
        if (Of<T>() != type)
            throw new ArgumentException($"{name} has elements of type {type}, not {Of<T>()}.");
    }
}
