using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using V = System.Runtime.Intrinsics.Vector128<int>;

namespace ModelOpt.Runtime.Kernels.MatMul;

/// <summary>
/// <see cref="Int8Form.Pairs"/> by Arm's widening multiply-add, for processors without the dot product: both products of a pair have a sum
/// of their own, and meet at the end.
/// </summary>
internal sealed unsafe class ArmPairKernel : Int8MicroKernel
{
    public override int PanelWidth => 8;

    /// <summary>Three rows at a time: each has four registers of sums.</summary>
    protected override void MultiplyTile(int lanes, int rows, int* a, nint aStride, int* panel, int* start, int* tile)
    {
        Rows(lanes, a, a + aStride, a + (2 * aStride), panel, start, tile, tile + 8, tile + 16);
        if (rows == 3)
            return;
        nint r4 = Math.Min(4, rows - 1), r5 = Math.Min(5, rows - 1);
        Rows(
            lanes, a + (3 * aStride), a + (r4 * aStride), a + (r5 * aStride), panel, start, tile + 24, tile + (8 * r4), tile + (8 * r5));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows(int lanes, int* a0, int* a1, int* a2, int* panel, int* start, int* t0, int* t1, int* t2)
    {
        var (r0, r1, r2) = (default(Sums), default(Sums), default(Sums));
        nint p = 0;
        for (; p <= lanes - 4; p += 4, panel += 32)
        {
            V x0 = Vector128.Load(a0 + p), x1 = Vector128.Load(a1 + p), x2 = Vector128.Load(a2 + p);
            var b = Columns.Load(panel);
            r0.Add(AdvSimd.DuplicateSelectedScalarToVector64(x0, 0), b);
            r1.Add(AdvSimd.DuplicateSelectedScalarToVector64(x1, 0), b);
            r2.Add(AdvSimd.DuplicateSelectedScalarToVector64(x2, 0), b);
            b = Columns.Load(panel + 8);
            r0.Add(AdvSimd.DuplicateSelectedScalarToVector64(x0, 1), b);
            r1.Add(AdvSimd.DuplicateSelectedScalarToVector64(x1, 1), b);
            r2.Add(AdvSimd.DuplicateSelectedScalarToVector64(x2, 1), b);
            b = Columns.Load(panel + 16);
            r0.Add(AdvSimd.DuplicateSelectedScalarToVector64(x0, 2), b);
            r1.Add(AdvSimd.DuplicateSelectedScalarToVector64(x1, 2), b);
            r2.Add(AdvSimd.DuplicateSelectedScalarToVector64(x2, 2), b);
            b = Columns.Load(panel + 24);
            r0.Add(AdvSimd.DuplicateSelectedScalarToVector64(x0, 3), b);
            r1.Add(AdvSimd.DuplicateSelectedScalarToVector64(x1, 3), b);
            r2.Add(AdvSimd.DuplicateSelectedScalarToVector64(x2, 3), b);
        }

        for (; p < lanes; p++, panel += 8)
        {
            var b = Columns.Load(panel);
            r0.Add(Vector64.Create(a0[p]), b);
            r1.Add(Vector64.Create(a1[p]), b);
            r2.Add(Vector64.Create(a2[p]), b);
        }

        r0.Store(start, t0);
        r1.Store(start, t1);
        r2.Store(start, t2);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void MultiplyRow(int lanes, int* a, int* panel, int* start, int* tile)
    {
        var sums = default(Sums);
        for (; lanes >= 4; lanes -= 4, a += 4, panel += 32)
        {
            V x = Vector128.Load(a);
            sums.Add(AdvSimd.DuplicateSelectedScalarToVector64(x, 0), Columns.Load(panel));
            sums.Add(AdvSimd.DuplicateSelectedScalarToVector64(x, 1), Columns.Load(panel + 8));
            sums.Add(AdvSimd.DuplicateSelectedScalarToVector64(x, 2), Columns.Load(panel + 16));
            sums.Add(AdvSimd.DuplicateSelectedScalarToVector64(x, 3), Columns.Load(panel + 24));
        }

        for (; lanes > 0; lanes--, a++, panel += 8)
            sums.Add(Vector64.Create(*a), Columns.Load(panel));
        sums.Store(start, tile);
    }

    /// <summary>The pairs of eight columns, in halves of registers: of whole ones, the lower half would be copied for each use.</summary>
    private struct Columns
    {
        public Vector64<short> First;
        public Vector64<short> Second;
        public Vector64<short> Third;
        public Vector64<short> Fourth;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Columns Load(int* panel)
        {
            Columns columns;
            columns.First = Vector64.Load(panel).AsInt16();
            columns.Second = Vector64.Load(panel + 2).AsInt16();
            columns.Third = Vector64.Load(panel + 4).AsInt16();
            columns.Fourth = Vector64.Load(panel + 6).AsInt16();
            return columns;
        }
    }

    /// <summary>The sums of one row and eight columns, two columns in a register.</summary>
    private struct Sums
    {
        private V _first;
        private V _second;
        private V _third;
        private V _fourth;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(Vector64<int> activations, Columns columns)
        {
            Vector64<short> x = activations.AsInt16();
            _first = AdvSimd.MultiplyWideningLowerAndAdd(_first, x, columns.First);
            _second = AdvSimd.MultiplyWideningLowerAndAdd(_second, x, columns.Second);
            _third = AdvSimd.MultiplyWideningLowerAndAdd(_third, x, columns.Third);
            _fourth = AdvSimd.MultiplyWideningLowerAndAdd(_fourth, x, columns.Fourth);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(int* start, int* tile)
        {
            (AdvSimd.Arm64.AddPairwise(_first, _second) + Vector128.Load(start)).Store(tile);
            (AdvSimd.Arm64.AddPairwise(_third, _fourth) + Vector128.Load(start + 4)).Store(tile + 4);
        }
    }
}
