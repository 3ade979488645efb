using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace ModelOpt.Runtime.Kernels;

/// <summary>Transposes planes of elements of 1, 2 or 4 bytes in square blocks that fit registers of 128 bits.</summary>
internal static class PlaneTransposer
{
    /// <summary>y[column·destinationPitch + row] = x[row·sourcePitch + column].</summary>
    /// <returns>False, and nothing is done, where the plane is smaller than a block.</returns>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    public static bool TryRun<T>(ReadOnlySpan<T> x, int sourcePitch, Span<T> y, int destinationPitch, int rows, int columns)
        where T : unmanaged
    {
        int size = Unsafe.SizeOf<T>(), block = size == 4 ? 4 : 8;
        if (size > 4 || rows < block || columns < block || sourcePitch < columns || destinationPitch < rows
            || !(Sse2.IsSupported || AdvSimd.Arm64.IsSupported))
        {
            return false;
        }

        // Checks the ends; everything between follows.
        _ = x[checked(((rows - 1) * sourcePitch) + columns - 1)];
        _ = y[checked(((columns - 1) * destinationPitch) + rows - 1)];
        ref byte from = ref Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(x));
        ref byte to = ref Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(y));
        Run(ref from, ref to, (sourcePitch * (nint)size, destinationPitch * (nint)size), rows, columns, size);
        return true;
    }

    // The last blocks end with the plane, and repeat what those before them did.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run(ref byte from, ref byte to, (nint From, nint To) pitch, int rows, int columns, int size)
    {
        int block = size == 4 ? 4 : 8;
        for (int c = 0; c < columns; c += block)
        {
            int column = Math.Min(c, columns - block);
            for (int r = 0; r < rows; r += block)
            {
                int row = Math.Min(r, rows - block);
                ref byte x = ref Unsafe.Add(ref from, (row * pitch.From) + (column * size));
                ref byte y = ref Unsafe.Add(ref to, (column * pitch.To) + (row * size));
                if (size == 1)
                    Bytes(ref x, ref y, pitch);
                else if (size == 2)
                    Words(ref x, ref y, pitch);
                else
                    Quads(ref x, ref y, pitch);
            }
        }
    }

    // 8 × 8.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Bytes(ref byte x, ref byte y, (nint From, nint To) pitch)
    {
        Vector128<ushort> b0 = Pair(ref x, 0, pitch.From), b1 = Pair(ref x, 2, pitch.From);
        Vector128<ushort> b2 = Pair(ref x, 4, pitch.From), b3 = Pair(ref x, 6, pitch.From);
        Vector128<uint> c0 = Low(b0, b1).AsUInt32(), c1 = High(b0, b1).AsUInt32();
        Vector128<uint> c2 = Low(b2, b3).AsUInt32(), c3 = High(b2, b3).AsUInt32();
        Store(Low(c0, c2).AsUInt64(), ref y, 0, pitch.To);
        Store(High(c0, c2).AsUInt64(), ref y, 2, pitch.To);
        Store(Low(c1, c3).AsUInt64(), ref y, 4, pitch.To);
        Store(High(c1, c3).AsUInt64(), ref y, 6, pitch.To);
    }

    // 8 × 8, as four quarters.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Words(ref byte x, ref byte y, (nint From, nint To) pitch)
    {
        for (int half = 0; half < 2; half++)
        {
            ref byte from = ref Unsafe.Add(ref x, 4 * half * pitch.From);
            ref byte to = ref Unsafe.Add(ref y, 8 * half);
            Vector128<ushort> a = Load(ref from, 0, pitch.From).AsUInt16(), b = Load(ref from, 1, pitch.From).AsUInt16();
            Vector128<ushort> c = Load(ref from, 2, pitch.From).AsUInt16(), d = Load(ref from, 3, pitch.From).AsUInt16();
            Vector128<uint> e = Low(a, b).AsUInt32(), f = High(a, b).AsUInt32(), g = Low(c, d).AsUInt32(), h = High(c, d).AsUInt32();
            Store(Low(e, g).AsUInt64(), ref to, 0, pitch.To);
            Store(High(e, g).AsUInt64(), ref to, 2, pitch.To);
            Store(Low(f, h).AsUInt64(), ref to, 4, pitch.To);
            Store(High(f, h).AsUInt64(), ref to, 6, pitch.To);
        }
    }

    // 4 × 4.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quads(ref byte x, ref byte y, (nint From, nint To) pitch)
    {
        Vector128<uint> a = Load(ref x, 0, pitch.From).AsUInt32(), b = Load(ref x, 1, pitch.From).AsUInt32();
        Vector128<uint> c = Load(ref x, 2, pitch.From).AsUInt32(), d = Load(ref x, 3, pitch.From).AsUInt32();
        Vector128<ulong> e = Low(a, b).AsUInt64(), f = High(a, b).AsUInt64(), g = Low(c, d).AsUInt64(), h = High(c, d).AsUInt64();
        Low(e, g).AsByte().StoreUnsafe(ref y);
        High(e, g).AsByte().StoreUnsafe(ref y, (nuint)pitch.To);
        Low(f, h).AsByte().StoreUnsafe(ref y, (nuint)(2 * pitch.To));
        High(f, h).AsByte().StoreUnsafe(ref y, (nuint)(3 * pitch.To));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Load(ref byte x, int row, nint pitch) => Vector128.LoadUnsafe(ref Unsafe.Add(ref x, row * pitch));

    // Eight bytes of two rows, alternating.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> Pair(ref byte x, int row, nint pitch)
    {
        Vector128<byte> a = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref x, row * pitch))).AsByte();
        Vector128<byte> b = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref x, (row + 1) * pitch))).AsByte();
        return (Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b)).AsUInt16();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector128<ulong> rows, ref byte y, int row, nint pitch)
    {
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref y, row * pitch), rows[0]);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref y, (row + 1) * pitch), rows[1]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> Low(Vector128<ushort> a, Vector128<ushort> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> High(Vector128<ushort> a, Vector128<ushort> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Low(Vector128<uint> a, Vector128<uint> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> High(Vector128<uint> a, Vector128<uint> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Low(Vector128<ulong> a, Vector128<ulong> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> High(Vector128<ulong> a, Vector128<ulong> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);
}
