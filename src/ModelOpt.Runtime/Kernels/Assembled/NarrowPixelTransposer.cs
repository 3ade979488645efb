using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>What <see cref="PixelTransposer"/> does, in registers of 256 bits. Needs AVX2.</summary>
internal static unsafe class NarrowPixelTransposer
{
    /// <summary>
    /// Transposes every four channels of eight pixels to 32 bytes: those of each pixel in turn. Pixels are readable up to a multiple of 16
    /// channels.
    /// </summary>
    /// <param name="g0">Addresses of the first four pixels.</param>
    /// <param name="g1">Of the last four.</param>
    /// <param name="offset">From each address to the first channel.</param>
    /// <param name="quads">Groups of four channels.</param>
    /// <param name="flip">Is combined with all bytes by exclusive or.</param>
    /// <param name="target">Receives the first group.</param>
    /// <param name="stride">From one group to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToPixels(byte** g0, byte** g1, nint offset, int quads, byte flip, byte* target, nint stride)
    {
        Vector256<int> bits = Vector256.Create(flip).AsInt32();
        for (; quads > 0; quads -= 4, offset += 16, target += 4 * stride)
        {
            Vector256<int> a = Join(g0[0] + offset, g1[0] + offset) ^ bits, b = Join(g0[1] + offset, g1[1] + offset) ^ bits;
            Vector256<int> c = Join(g0[2] + offset, g1[2] + offset) ^ bits, d = Join(g0[3] + offset, g1[3] + offset) ^ bits;
            Vector256<long> ab = Avx2.UnpackLow(a, b).AsInt64(), cd = Avx2.UnpackLow(c, d).AsInt64();
            Avx2.UnpackLow(ab, cd).Store((long*)target);
            if (quads == 1)
                return;
            Avx2.UnpackHigh(ab, cd).Store((long*)(target + stride));
            if (quads == 2)
                return;
            ab = Avx2.UnpackHigh(a, b).AsInt64();
            cd = Avx2.UnpackHigh(c, d).AsInt64();
            Avx2.UnpackLow(ab, cd).Store((long*)(target + (2 * stride)));
            if (quads == 3)
                return;
            Avx2.UnpackHigh(ab, cd).Store((long*)(target + (3 * stride)));
        }
    }

    /// <summary>16 channels of 16 pixels.</summary>
    /// <param name="rows">16 pixels of the first channel.</param>
    /// <param name="stride">From one channel to the next.</param>
    /// <param name="target">Receives the first pixel's channels.</param>
    /// <param name="pitch">From one pixel to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToChannels(byte* rows, nint stride, byte* target, nint pitch)
    {
        // Channels 0 to 3 and 4 to 7 of each four pixels, then 8 to 11 and 12 to 15.
        Quads(rows, stride, out Vector256<int> a0, out Vector256<int> a1, out Vector256<int> a2, out Vector256<int> a3);
        Quads(rows + (8 * stride), stride, out Vector256<int> b0, out Vector256<int> b1, out Vector256<int> b2, out Vector256<int> b3);
        Store(a0, b0, target, pitch);
        Store(a1, b1, target + (4 * pitch), pitch);
        Store(a2, b2, target + (8 * pitch), pitch);
        Store(a3, b3, target + (12 * pitch), pitch);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quads(
        byte* rows, nint stride, out Vector256<int> q0, out Vector256<int> q1, out Vector256<int> q2, out Vector256<int> q3)
    {
        byte* others = rows + (4 * stride);
        Vector256<byte> a = Join(rows, others).AsByte(), b = Join(rows + stride, others + stride).AsByte();
        Vector256<byte> c = Join(rows + (2 * stride), others + (2 * stride)).AsByte();
        Vector256<byte> d = Join(rows + (3 * stride), others + (3 * stride)).AsByte();
        Vector256<short> ab = Avx2.UnpackLow(a, b).AsInt16(), cd = Avx2.UnpackLow(c, d).AsInt16();
        q0 = Avx2.UnpackLow(ab, cd).AsInt32();
        q1 = Avx2.UnpackHigh(ab, cd).AsInt32();
        ab = Avx2.UnpackHigh(a, b).AsInt16();
        cd = Avx2.UnpackHigh(c, d).AsInt16();
        q2 = Avx2.UnpackLow(ab, cd).AsInt32();
        q3 = Avx2.UnpackHigh(ab, cd).AsInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Join(byte* low, byte* high) =>
        Avx2.InsertVector128(Vector128.Load(low).ToVector256Unsafe(), Vector128.Load(high), 1).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<int> low, Vector256<int> high, byte* target, nint pitch)
    {
        Vector256<int> even = Avx2.Permute2x128(low, high, 0x20), odd = Avx2.Permute2x128(low, high, 0x31);
        Vector256<long> first = Avx2.Permute4x64(Avx2.UnpackLow(even, odd).AsInt64(), 0xD8);
        Vector256<long> last = Avx2.Permute4x64(Avx2.UnpackHigh(even, odd).AsInt64(), 0xD8);
        first.GetLower().Store((long*)target);
        first.GetUpper().Store((long*)(target + pitch));
        last.GetLower().Store((long*)(target + (2 * pitch)));
        last.GetUpper().Store((long*)(target + (3 * pitch)));
    }
}
