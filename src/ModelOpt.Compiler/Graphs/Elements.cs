using System.Numerics;
using System.Runtime.InteropServices;

namespace ModelOpt.Compiler.Graphs;

/// <summary>Converts the elements of stored samples.</summary>
internal static class Elements
{
    /// <summary>Whether the type is one of the integers; bool counts as 0 and 1.</summary>
    public static bool IsInteger(ElementType type) => type is ElementType.UInt8 or ElementType.Int8 or ElementType.UInt16
        or ElementType.Int16 or ElementType.UInt32 or ElementType.Int32 or ElementType.UInt64 or ElementType.Int64
        or ElementType.Bool;

    /// <summary>The elements as float32, rounded to nearest.</summary>
    public static float[] ToFloats(Tensor tensor) => tensor.Type switch
    {
        ElementType.Float32 => tensor.Span<float>().ToArray(),
        ElementType.Float16 => Floats<Half>(tensor),
        ElementType.Float64 => Floats<double>(tensor),
        ElementType.UInt8 or ElementType.Bool => Floats<byte>(tensor),
        ElementType.Int8 => Floats<sbyte>(tensor),
        ElementType.UInt64 => Floats<ulong>(tensor),
        _ => Array.ConvertAll(ToInt64s(tensor), x => (float)x),
    };

    /// <summary>The integer elements as 64-bit integers.</summary>
    /// <exception cref="OverflowException">One does not fit.</exception>
    /// <exception cref="NotSupportedException">The elements are not integers.</exception>
    public static long[] ToInt64s(Tensor tensor) => tensor.Type switch
    {
        ElementType.UInt8 or ElementType.Bool => Map<byte, long>(tensor, x => x),
        ElementType.Int8 => Map<sbyte, long>(tensor, x => x),
        ElementType.UInt16 => Map<ushort, long>(tensor, x => x),
        ElementType.Int16 => Map<short, long>(tensor, x => x),
        ElementType.UInt32 => Map<uint, long>(tensor, x => x),
        ElementType.Int32 => Map<int, long>(tensor, x => x),
        ElementType.UInt64 => Map<ulong, long>(tensor, x => checked((long)x)),
        ElementType.Int64 => tensor.Span<long>().ToArray(),
        _ => throw new NotSupportedException($"{tensor.Type} is not an integer type."),
    };

    /// <summary>Stores an integer as an element.</summary>
    /// <exception cref="OverflowException">It does not fit.</exception>
    public static void Store(Tensor tensor, int index, long value)
    {
        checked
        {
            switch (tensor.Type)
            {
                case ElementType.Bool: tensor.Span<byte>()[index] = value == 0 ? (byte)0 : (byte)1; break;
                case ElementType.UInt8: tensor.Span<byte>()[index] = (byte)value; break;
                case ElementType.Int8: tensor.Span<sbyte>()[index] = (sbyte)value; break;
                case ElementType.UInt16: tensor.Span<ushort>()[index] = (ushort)value; break;
                case ElementType.Int16: tensor.Span<short>()[index] = (short)value; break;
                case ElementType.UInt32: tensor.Span<uint>()[index] = (uint)value; break;
                case ElementType.Int32: tensor.Span<int>()[index] = (int)value; break;
                case ElementType.UInt64: tensor.Span<ulong>()[index] = (ulong)value; break;
                case ElementType.Int64: tensor.Span<long>()[index] = value; break;
                default: throw new NotSupportedException($"{tensor.Type} is not an integer type.");
            }
        }
    }

    private static float[] Floats<T>(Tensor tensor) where T : unmanaged, INumber<T>
    {
        ReadOnlySpan<T> from = MemoryMarshal.Cast<byte, T>(tensor.Bytes.Span);
        float[] to = new float[from.Length];
        for (int i = 0; i < to.Length; i++) to[i] = float.CreateTruncating(from[i]);
        return to;
    }

    private static TTo[] Map<TFrom, TTo>(Tensor tensor, Converter<TFrom, TTo> convert) where TFrom : unmanaged =>
        Array.ConvertAll(MemoryMarshal.Cast<byte, TFrom>(tensor.Bytes.Span).ToArray(), convert);
}
