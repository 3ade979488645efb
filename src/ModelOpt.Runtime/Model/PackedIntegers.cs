using System.Buffers.Binary;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Model;

/// <summary>Integers of 4 and 2 bits, several in a byte, the lowest bits first.</summary>
internal static class PackedIntegers
{
    /// <summary>Bits of an element; 0 for types whose elements have whole bytes.</summary>
    public static int Bits(TensorType type) => type switch
    {
        TensorType.Int4 => 4,
        TensorType.Int2 => 2,
        _ => 0,
    };

    /// <summary>The elements as bytes of int8; null where there are more or fewer.</summary>
    public static byte[]? Unpack(ReadOnlySpan<byte> packed, int bits, int elements)
    {
        int perByte = 8 / bits;
        if (packed.Length != (elements + perByte - 1) / perByte)
            return null;
        byte[] bytes = new byte[elements];
        for (int i = 0; i < elements; i++)
        {
            int shifted = packed[i / perByte] << (24 + (8 - bits) - (i % perByte * bits));
            bytes[i] = (byte)(shifted >> (32 - bits));
        }

        return bytes;
    }

    /// <summary>float32 numbers: the integers times the scale of their block.</summary>
    public static byte[] Scaled(ReadOnlySpan<byte> integers, Tensor scales, int block)
    {
        byte[] bytes = new byte[sizeof(float) * integers.Length];
        ReadOnlySpan<byte> stored = scales.ConstantBytes();
        for (int i = 0; i < integers.Length; i++)
        {
            int at = i / block;
            float scale = scales.Type == TensorType.Float16
                ? (float)BinaryPrimitives.ReadHalfLittleEndian(stored[(2 * at)..])
                    : BinaryPrimitives.ReadSingleLittleEndian(stored[(4 * at)..]);
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4 * i), (sbyte)integers[i] * scale);
        }

        return bytes;
    }
}
