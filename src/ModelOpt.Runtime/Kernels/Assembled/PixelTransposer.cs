using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>Turns channels that lie side by side into pixels that do, and back.</summary>
internal static unsafe class PixelTransposer
{
    /// <summary>
    /// Of four pixels, every four channels to 16 bytes: those of the first pixel, of the second, the third and the fourth.
    /// Pixels are readable up to a multiple of 16 channels.
    /// </summary>
    /// <param name="p0">The first pixel.</param>
    /// <param name="p1">The second.</param>
    /// <param name="p2">The third.</param>
    /// <param name="p3">The fourth.</param>
    /// <param name="quads">Groups of four channels.</param>
    /// <param name="flip">Is combined with all bytes by exclusive or.</param>
    /// <param name="target">Receives the first group.</param>
    /// <param name="stride">From one group to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToPixels(byte* p0, byte* p1, byte* p2, byte* p3, int quads, byte flip, byte* target, nint stride)
    {
        Vector128<int> bits = Vector128.Create(flip).AsInt32();
        for (; quads > 0; quads -= 4, p0 += 16, p1 += 16, p2 += 16, p3 += 16, target += 4 * stride)
        {
            Vector128<int> a = Vector128.Load((int*)p0) ^ bits, b = Vector128.Load((int*)p1) ^ bits;
            Vector128<int> c = Vector128.Load((int*)p2) ^ bits, d = Vector128.Load((int*)p3) ^ bits;
            Vector128<long> ab = Sse2.UnpackLow(a, b).AsInt64(), cd = Sse2.UnpackLow(c, d).AsInt64();
            Sse2.UnpackLow(ab, cd).Store((long*)target);
            if (quads == 1)
                return;
            Sse2.UnpackHigh(ab, cd).Store((long*)(target + stride));
            if (quads == 2)
                return;
            ab = Sse2.UnpackHigh(a, b).AsInt64();
            cd = Sse2.UnpackHigh(c, d).AsInt64();
            Sse2.UnpackLow(ab, cd).Store((long*)(target + (2 * stride)));
            if (quads == 3)
                return;
            Sse2.UnpackHigh(ab, cd).Store((long*)(target + (3 * stride)));
        }
    }

    /// <summary>16 channels of 16 pixels. Needs AVX-512.</summary>
    /// <param name="rows">16 pixels of the first channel.</param>
    /// <param name="stride">From one channel to the next.</param>
    /// <param name="target">Receives the first pixel's channels.</param>
    /// <param name="pitch">From one pixel to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToChannels(byte* rows, nint stride, byte* target, nint pitch)
    {
        // Channels 4 l + i in lane l of register i; then channels 4 l to 4 l + 3 of four pixels in lane l.
        Vector512<byte> a = Rows(rows, 4 * stride), b = Rows(rows + stride, 4 * stride);
        Vector512<byte> c = Rows(rows + (2 * stride), 4 * stride), d = Rows(rows + (3 * stride), 4 * stride);
        Vector512<short> ab = Avx512BW.UnpackLow(a, b).AsInt16(), cd = Avx512BW.UnpackLow(c, d).AsInt16();
        Vector512<int> q0 = Avx512BW.UnpackLow(ab, cd).AsInt32(), q1 = Avx512BW.UnpackHigh(ab, cd).AsInt32();
        ab = Avx512BW.UnpackHigh(a, b).AsInt16();
        cd = Avx512BW.UnpackHigh(c, d).AsInt16();
        Vector512<int> q2 = Avx512BW.UnpackLow(ab, cd).AsInt32(), q3 = Avx512BW.UnpackHigh(ab, cd).AsInt32();
        Store(q0, target, pitch);
        Store(q1, target + (4 * pitch), pitch);
        Store(q2, target + (8 * pitch), pitch);
        Store(q3, target + (12 * pitch), pitch);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Rows(byte* first, nint stride) => Vector512.Create(
        Vector256.Create(Vector128.Load(first), Vector128.Load(first + stride)),
        Vector256.Create(Vector128.Load(first + (2 * stride)), Vector128.Load(first + (3 * stride))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<int> value, byte* target, nint pitch)
    {
        value = Avx512F.PermuteVar16x32(value, Vector512.Create(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
        Avx512F.ExtractVector128(value, 0).Store((int*)target);
        Avx512F.ExtractVector128(value, 1).Store((int*)(target + pitch));
        Avx512F.ExtractVector128(value, 2).Store((int*)(target + (2 * pitch)));
        Avx512F.ExtractVector128(value, 3).Store((int*)(target + (3 * pitch)));
    }
}
