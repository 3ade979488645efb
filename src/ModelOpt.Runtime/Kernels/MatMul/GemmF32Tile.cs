using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.MatMul;

/// <summary>A number of rows or registers that the compiler knows.</summary>
internal interface ICount
{
}

internal readonly struct One : ICount
{
}

internal readonly struct Two : ICount
{
}

internal readonly struct Three : ICount
{
}

internal readonly struct Four : ICount
{
}

internal readonly struct Six : ICount
{
}

internal readonly struct Eight : ICount
{
}

/// <summary>
/// The innermost product of <see cref="GemmF32{TLanes, V}"/>: rows of A by one to three registers of columns, all sums in
/// registers. The branches on row and register counts vanish in each instance.
/// </summary>
internal static unsafe class GemmF32Tile<TLanes, V, TRegisters>
    where TLanes : struct, ILanes<V>
    where V : unmanaged
    where TRegisters : struct, ICount
{
    /// <summary>
    /// Tiles of four, six or eight rows, one below the other. Eight rows by three registers take 24 sums, 3 of B and 1 broadcast
    /// of the 32 registers of AVX-512.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<TRows>(in GemmTile tile, float** rows, int tiles)
        where TRows : struct, ICount
    {
        int n = TLanes.Count;
        float* start = tile.Start, target = tile.Target;
        for (; tiles > 0; tiles--)
        {
            float* a0 = rows[0], a1 = rows[1], a2 = rows[2], a3 = rows[3], a4 = a3, a5 = a3, a6 = a3, a7 = a3;
            rows += 4;
            if (typeof(TRows) != typeof(Four))
            {
                a4 = rows[0];
                a5 = rows[1];
                rows += 2;
            }

            if (typeof(TRows) == typeof(Eight))
            {
                a6 = rows[0];
                a7 = rows[1];
                rows += 2;
            }

            V s00 = TLanes.Load(start), s10 = s00, s20 = s00, s30 = s00, s40 = s00, s50 = s00, s60 = s00, s70 = s00;
            V s01 = default, s02 = default;
            if (typeof(TRegisters) != typeof(One))
                s01 = TLanes.Load(start + n);
            if (typeof(TRegisters) == typeof(Three))
                s02 = TLanes.Load(start + (2 * n));
            V s11 = s01, s21 = s01, s31 = s01, s41 = s01, s51 = s01, s61 = s01, s71 = s01;
            V s12 = s02, s22 = s02, s32 = s02, s42 = s02, s52 = s02, s62 = s02, s72 = s02;
            if (tile.StartStride != 0)
            {
                Load(start += tile.StartStride, ref s10, ref s11, ref s12);
                Load(start += tile.StartStride, ref s20, ref s21, ref s22);
                Load(start += tile.StartStride, ref s30, ref s31, ref s32);
                if (typeof(TRows) != typeof(Four))
                {
                    Load(start += tile.StartStride, ref s40, ref s41, ref s42);
                    Load(start += tile.StartStride, ref s50, ref s51, ref s52);
                }

                if (typeof(TRows) == typeof(Eight))
                {
                    Load(start += tile.StartStride, ref s60, ref s61, ref s62);
                    Load(start += tile.StartStride, ref s70, ref s71, ref s72);
                }

                start += tile.StartStride;
            }

            float* b = tile.B;
            nint columnStride = tile.ColumnStride, rowStride = tile.BStride;
            for (int segment = 0; segment < tile.SegmentCount; segment++)
            {
                nint offset = tile.Segments[segment].Offset;
                for (int p = tile.Segments[segment].Length; p > 0; p--)
                {
                    V b0 = TLanes.Load(b), b1 = default, b2 = default;
                    if (typeof(TRegisters) != typeof(One))
                        b1 = TLanes.Load(b + n);
                    if (typeof(TRegisters) == typeof(Three))
                        b2 = TLanes.Load(b + (2 * n));
                    V x = TLanes.Create(a0[offset]);
                    Add(x, b0, b1, b2, ref s00, ref s01, ref s02);
                    x = TLanes.Create(a1[offset]);
                    Add(x, b0, b1, b2, ref s10, ref s11, ref s12);
                    x = TLanes.Create(a2[offset]);
                    Add(x, b0, b1, b2, ref s20, ref s21, ref s22);
                    x = TLanes.Create(a3[offset]);
                    Add(x, b0, b1, b2, ref s30, ref s31, ref s32);
                    if (typeof(TRows) != typeof(Four))
                    {
                        x = TLanes.Create(a4[offset]);
                        Add(x, b0, b1, b2, ref s40, ref s41, ref s42);
                        x = TLanes.Create(a5[offset]);
                        Add(x, b0, b1, b2, ref s50, ref s51, ref s52);
                    }

                    if (typeof(TRows) == typeof(Eight))
                    {
                        x = TLanes.Create(a6[offset]);
                        Add(x, b0, b1, b2, ref s60, ref s61, ref s62);
                        x = TLanes.Create(a7[offset]);
                        Add(x, b0, b1, b2, ref s70, ref s71, ref s72);
                    }

                    offset += columnStride;
                    b += rowStride;
                }
            }

            V low = TLanes.Create(tile.Low), high = TLanes.Create(tile.High);
            nint stride = tile.TargetStride;
            Store(tile, target, s00, s01, s02, low, high);
            Store(tile, target += stride, s10, s11, s12, low, high);
            Store(tile, target += stride, s20, s21, s22, low, high);
            Store(tile, target += stride, s30, s31, s32, low, high);
            if (typeof(TRows) != typeof(Four))
            {
                Store(tile, target += stride, s40, s41, s42, low, high);
                Store(tile, target += stride, s50, s51, s52, low, high);
            }

            if (typeof(TRows) == typeof(Eight))
            {
                Store(tile, target += stride, s60, s61, s62, low, high);
                Store(tile, target += stride, s70, s71, s72, low, high);
            }

            target += stride;
        }
    }

    /// <summary>One row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyRow(in GemmTile tile, float* row)
    {
        int n = TLanes.Count;
        float* b = tile.B;
        V s0 = TLanes.Load(tile.Start), s1 = default, s2 = default;
        if (typeof(TRegisters) != typeof(One))
            s1 = TLanes.Load(tile.Start + n);
        if (typeof(TRegisters) == typeof(Three))
            s2 = TLanes.Load(tile.Start + (2 * n));
        nint columnStride = tile.ColumnStride, rowStride = tile.BStride;
        for (int segment = 0; segment < tile.SegmentCount; segment++)
        {
            float* a = row + tile.Segments[segment].Offset;
            for (int p = tile.Segments[segment].Length; p > 0; p--)
            {
                V x = TLanes.Create(*a);
                s0 = TLanes.FusedMultiplyAdd(x, TLanes.Load(b), s0);
                if (typeof(TRegisters) != typeof(One))
                    s1 = TLanes.FusedMultiplyAdd(x, TLanes.Load(b + n), s1);
                if (typeof(TRegisters) == typeof(Three))
                    s2 = TLanes.FusedMultiplyAdd(x, TLanes.Load(b + (2 * n)), s2);
                b += rowStride;
                a += columnStride;
            }
        }

        Store(tile, tile.Target, s0, s1, s2, TLanes.Create(tile.Low), TLanes.Create(tile.High));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Load(float* start, ref V s0, ref V s1, ref V s2)
    {
        s0 = TLanes.Load(start);
        if (typeof(TRegisters) != typeof(One))
            s1 = TLanes.Load(start + TLanes.Count);
        if (typeof(TRegisters) == typeof(Three))
            s2 = TLanes.Load(start + (2 * TLanes.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(V x, V b0, V b1, V b2, ref V s0, ref V s1, ref V s2)
    {
        s0 = TLanes.FusedMultiplyAdd(x, b0, s0);
        if (typeof(TRegisters) != typeof(One))
            s1 = TLanes.FusedMultiplyAdd(x, b1, s1);
        if (typeof(TRegisters) == typeof(Three))
            s2 = TLanes.FusedMultiplyAdd(x, b2, s2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(in GemmTile tile, float* target, V s0, V s1, V s2, V low, V high)
    {
        int n = TLanes.Count;
        if (tile.IsClamped)
        {
            s0 = TLanes.Clamp(s0, low, high);
            if (typeof(TRegisters) != typeof(One))
                s1 = TLanes.Clamp(s1, low, high);
            if (typeof(TRegisters) == typeof(Three))
                s2 = TLanes.Clamp(s2, low, high);
        }

        if (tile.ResidualOffset != 0)
        {
            float* residual = (float*)((byte*)target + tile.ResidualOffset);
            (low, high) = (TLanes.Create(tile.ResidualLow), TLanes.Create(tile.ResidualHigh));
            s0 = TLanes.Clamp(TLanes.Add(s0, TLanes.Load(residual)), low, high);
            if (typeof(TRegisters) != typeof(One))
                s1 = TLanes.Clamp(TLanes.Add(s1, TLanes.Load(residual + n)), low, high);
            if (typeof(TRegisters) == typeof(Three))
                s2 = TLanes.Clamp(TLanes.Add(s2, TLanes.Load(residual + (2 * n))), low, high);
        }

        TLanes.Store(target, s0);
        if (typeof(TRegisters) != typeof(One))
            TLanes.Store(target + n, s1);
        if (typeof(TRegisters) == typeof(Three))
            TLanes.Store(target + (2 * n), s2);
    }
}
