using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// 8-bit values as float vectors. uint8 is treated as int8 with the top bit flipped and zero points 128 lower, so kernels
/// know int8 only: <c>flip</c> is 0x80 for uint8 and 0 for int8.
/// </summary>
internal static class QuantizedBytes
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(
        ref byte source, byte flip, out Vector<float> v0, out Vector<float> v1, out Vector<float> v2, out Vector<float> v3)
    {
        Vector<byte> stored = Unsafe.ReadUnaligned<Vector<byte>>(ref source) ^ new Vector<byte>(flip);
        Vector.Widen(stored.As<byte, sbyte>(), out Vector<short> low, out Vector<short> high);
        Vector.Widen(low, out Vector<int> i0, out Vector<int> i1);
        Vector.Widen(high, out Vector<int> i2, out Vector<int> i3);
        v0 = Vector.ConvertToSingle(i0);
        v1 = Vector.ConvertToSingle(i1);
        v2 = Vector.ConvertToSingle(i2);
        v3 = Vector.ConvertToSingle(i3);
    }

    /// <summary>Stores integral values in −128…127.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(
        ref byte destination, byte flip, Vector<int> i0, Vector<int> i1, Vector<int> i2, Vector<int> i3)
    {
        Vector<sbyte> bytes = Vector.Narrow(Vector.Narrow(i0, i1), Vector.Narrow(i2, i3));
        Unsafe.WriteUnaligned(ref destination, bytes.As<sbyte, byte>() ^ new Vector<byte>(flip));
    }

    /// <summary>Nearest integer, ties to even, of values clamped to [min, max] first; NaN gives 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<int> Round(Vector<float> value, Vector<float> min, Vector<float> max) =>
        Vector.ConvertToInt32(Vector.Round(Vector.Min(Vector.Max(value, min), max)));

    /// <summary>Scalar twin of the vector overload.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Round(float value, float min, float max) =>
        (int)MathF.Round(MathF.Min(MathF.Max(value, min), max));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Load(byte source, byte flip) => (sbyte)(source ^ flip);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte Store(int value, byte flip) => (byte)((byte)value ^ flip);

    public static ref byte Reference(ReadOnlySpan<byte> span, int index) =>
        ref Unsafe.Add(ref MemoryMarshal.GetReference(span), index);
}
