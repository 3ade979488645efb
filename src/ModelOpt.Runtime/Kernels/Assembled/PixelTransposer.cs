using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>Turns channels that lie side by side into pixels that do, and back.</summary>
internal static unsafe class PixelTransposer
{
    /// <summary>
    /// Transposes every four channels of sixteen pixels to 64 bytes: those of each pixel in turn. Pixels are readable up to a multiple of
    /// 16
    /// channels. Needs AVX-512.
    /// </summary>
    /// <param name="g0">Addresses of the first four pixels.</param>
    /// <param name="g1">Of the next four.</param>
    /// <param name="g2">Of those after.</param>
    /// <param name="g3">Of the last four.</param>
    /// <param name="offset">From each address to the first channel.</param>
    /// <param name="quads">Groups of four channels.</param>
    /// <param name="flip">Is combined with all bytes by exclusive or.</param>
    /// <param name="target">Receives the first group.</param>
    /// <param name="stride">From one group to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToPixels(byte** g0, byte** g1, byte** g2, byte** g3, nint offset, int quads, byte flip, byte* target, nint stride)
    {
        Vector512<int> bits = Vector512.Create(flip).AsInt32();
        for (; quads > 0; quads -= 4, offset += 16, target += 4 * stride)
        {
            Vector512<int> a = Pixels(g0[0], g1[0], g2[0], g3[0], offset) ^ bits, b = Pixels(g0[1], g1[1], g2[1], g3[1], offset) ^ bits;
            Vector512<int> c = Pixels(g0[2], g1[2], g2[2], g3[2], offset) ^ bits, d = Pixels(g0[3], g1[3], g2[3], g3[3], offset) ^ bits;
            Vector512<long> ab = Avx512F.UnpackLow(a, b).AsInt64(), cd = Avx512F.UnpackLow(c, d).AsInt64();
            Avx512F.UnpackLow(ab, cd).Store((long*)target);
            if (quads == 1)
                return;
            Avx512F.UnpackHigh(ab, cd).Store((long*)(target + stride));
            if (quads == 2)
                return;
            ab = Avx512F.UnpackHigh(a, b).AsInt64();
            cd = Avx512F.UnpackHigh(c, d).AsInt64();
            Avx512F.UnpackLow(ab, cd).Store((long*)(target + (2 * stride)));
            if (quads == 3)
                return;
            Avx512F.UnpackHigh(ab, cd).Store((long*)(target + (3 * stride)));
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
    private static Vector512<int> Pixels(byte* p0, byte* p1, byte* p2, byte* p3, nint offset) =>
        Join(p0 + offset, p1 + offset, p2 + offset, p3 + offset).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Rows(byte* first, nint stride) =>
        Join(first, first + stride, first + (2 * stride), first + (3 * stride));

    // Not Vector512.Create, which goes through memory.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Join(byte* a, byte* b, byte* c, byte* d) => Avx512F.InsertVector256(
        Avx2.InsertVector128(Vector128.Load(a).ToVector256Unsafe(), Vector128.Load(b), 1).ToVector512Unsafe(),
        Avx2.InsertVector128(Vector128.Load(c).ToVector256Unsafe(), Vector128.Load(d), 1), 1);

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
