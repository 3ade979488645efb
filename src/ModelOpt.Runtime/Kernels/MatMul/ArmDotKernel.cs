using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using V = System.Runtime.Intrinsics.Vector128<int>;

namespace ModelOpt.Runtime.Kernels.MatMul;

/// <summary>
/// <see cref="Int8Form.SignedQuads"/> by Arm's dot product of selected elements: one load brings four lanes of a row, and no lane has
/// to be repeated over a register.
/// </summary>
internal sealed unsafe class ArmDotKernel : Int8MicroKernel
{
    public override int PanelWidth => 8;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void MultiplyTile(int lanes, int rows, int* a, nint aStride, int* panel, int* start, int* tile)
    {
        nint r3 = Math.Min(3, rows - 1), r4 = Math.Min(4, rows - 1), r5 = Math.Min(5, rows - 1);
        int* a1 = a + aStride;
        int* a2 = a1 + aStride;
        int* a3 = a + (r3 * aStride);
        int* a4 = a + (r4 * aStride);
        int* a5 = a + (r5 * aStride);
        V s0 = Vector128.Load(start), s1 = Vector128.Load(start + 4);
        V c00 = s0, c01 = s1, c10 = s0, c11 = s1, c20 = s0, c21 = s1;
        V c30 = s0, c31 = s1, c40 = s0, c41 = s1, c50 = s0, c51 = s1;
        nint p = 0;
        for (; p <= lanes - 4; p += 4, panel += 32)
        {
            V x0 = Vector128.Load(a + p), x1 = Vector128.Load(a1 + p), x2 = Vector128.Load(a2 + p);
            V x3 = Vector128.Load(a3 + p), x4 = Vector128.Load(a4 + p), x5 = Vector128.Load(a5 + p);
            V b0 = Vector128.Load(panel), b1 = Vector128.Load(panel + 4);
            (c00, c01, c10, c11) = (Dot(c00, b0, x0, 0), Dot(c01, b1, x0, 0), Dot(c10, b0, x1, 0), Dot(c11, b1, x1, 0));
            (c20, c21, c30, c31) = (Dot(c20, b0, x2, 0), Dot(c21, b1, x2, 0), Dot(c30, b0, x3, 0), Dot(c31, b1, x3, 0));
            (c40, c41, c50, c51) = (Dot(c40, b0, x4, 0), Dot(c41, b1, x4, 0), Dot(c50, b0, x5, 0), Dot(c51, b1, x5, 0));
            b0 = Vector128.Load(panel + 8);
            b1 = Vector128.Load(panel + 12);
            (c00, c01, c10, c11) = (Dot(c00, b0, x0, 1), Dot(c01, b1, x0, 1), Dot(c10, b0, x1, 1), Dot(c11, b1, x1, 1));
            (c20, c21, c30, c31) = (Dot(c20, b0, x2, 1), Dot(c21, b1, x2, 1), Dot(c30, b0, x3, 1), Dot(c31, b1, x3, 1));
            (c40, c41, c50, c51) = (Dot(c40, b0, x4, 1), Dot(c41, b1, x4, 1), Dot(c50, b0, x5, 1), Dot(c51, b1, x5, 1));
            b0 = Vector128.Load(panel + 16);
            b1 = Vector128.Load(panel + 20);
            (c00, c01, c10, c11) = (Dot(c00, b0, x0, 2), Dot(c01, b1, x0, 2), Dot(c10, b0, x1, 2), Dot(c11, b1, x1, 2));
            (c20, c21, c30, c31) = (Dot(c20, b0, x2, 2), Dot(c21, b1, x2, 2), Dot(c30, b0, x3, 2), Dot(c31, b1, x3, 2));
            (c40, c41, c50, c51) = (Dot(c40, b0, x4, 2), Dot(c41, b1, x4, 2), Dot(c50, b0, x5, 2), Dot(c51, b1, x5, 2));
            b0 = Vector128.Load(panel + 24);
            b1 = Vector128.Load(panel + 28);
            (c00, c01, c10, c11) = (Dot(c00, b0, x0, 3), Dot(c01, b1, x0, 3), Dot(c10, b0, x1, 3), Dot(c11, b1, x1, 3));
            (c20, c21, c30, c31) = (Dot(c20, b0, x2, 3), Dot(c21, b1, x2, 3), Dot(c30, b0, x3, 3), Dot(c31, b1, x3, 3));
            (c40, c41, c50, c51) = (Dot(c40, b0, x4, 3), Dot(c41, b1, x4, 3), Dot(c50, b0, x5, 3), Dot(c51, b1, x5, 3));
        }

        for (; p < lanes; p++, panel += 8)
        {
            V b0 = Vector128.Load(panel), b1 = Vector128.Load(panel + 4);
            V x0 = Vector128.Create(a[p]), x1 = Vector128.Create(a1[p]), x2 = Vector128.Create(a2[p]);
            V x3 = Vector128.Create(a3[p]), x4 = Vector128.Create(a4[p]), x5 = Vector128.Create(a5[p]);
            (c00, c01, c10, c11) = (Dot(c00, b0, x0, 0), Dot(c01, b1, x0, 0), Dot(c10, b0, x1, 0), Dot(c11, b1, x1, 0));
            (c20, c21, c30, c31) = (Dot(c20, b0, x2, 0), Dot(c21, b1, x2, 0), Dot(c30, b0, x3, 0), Dot(c31, b1, x3, 0));
            (c40, c41, c50, c51) = (Dot(c40, b0, x4, 0), Dot(c41, b1, x4, 0), Dot(c50, b0, x5, 0), Dot(c51, b1, x5, 0));
        }

        Store(tile, c00, c01);
        Store(tile + 8, c10, c11);
        Store(tile + 16, c20, c21);
        Store(tile + (8 * r3), c30, c31);
        Store(tile + (8 * r4), c40, c41);
        Store(tile + (8 * r5), c50, c51);
    }

    /// <summary>Four sums of each column at once, as one would wait for itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void MultiplyRow(int lanes, int* a, int* panel, int* start, int* tile)
    {
        V c0 = Vector128.Load(start), c1 = Vector128.Load(start + 4);
        V d0 = V.Zero, d1 = d0, e0 = d0, e1 = d0, f0 = d0, f1 = d0;
        for (; lanes >= 8; lanes -= 8, a += 8, panel += 64)
        {
            V x = Vector128.Load(a), y = Vector128.Load(a + 4);
            c0 = Dot(c0, Vector128.Load(panel), x, 0);
            c1 = Dot(c1, Vector128.Load(panel + 4), x, 0);
            d0 = Dot(d0, Vector128.Load(panel + 8), x, 1);
            d1 = Dot(d1, Vector128.Load(panel + 12), x, 1);
            e0 = Dot(e0, Vector128.Load(panel + 16), x, 2);
            e1 = Dot(e1, Vector128.Load(panel + 20), x, 2);
            f0 = Dot(f0, Vector128.Load(panel + 24), x, 3);
            f1 = Dot(f1, Vector128.Load(panel + 28), x, 3);
            c0 = Dot(c0, Vector128.Load(panel + 32), y, 0);
            c1 = Dot(c1, Vector128.Load(panel + 36), y, 0);
            d0 = Dot(d0, Vector128.Load(panel + 40), y, 1);
            d1 = Dot(d1, Vector128.Load(panel + 44), y, 1);
            e0 = Dot(e0, Vector128.Load(panel + 48), y, 2);
            e1 = Dot(e1, Vector128.Load(panel + 52), y, 2);
            f0 = Dot(f0, Vector128.Load(panel + 56), y, 3);
            f1 = Dot(f1, Vector128.Load(panel + 60), y, 3);
        }

        for (; lanes > 0; lanes--, a++, panel += 8)
        {
            V x = Vector128.Create(*a);
            c0 = Dot(c0, Vector128.Load(panel), x, 0);
            c1 = Dot(c1, Vector128.Load(panel + 4), x, 0);
        }

        Store(tile, (c0 + d0) + (e0 + f0), (c1 + d1) + (e1 + f1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Dot(V sum, V weights, V activations, [ConstantExpected(Max = (byte)3)] byte lane) =>
        Dp.DotProductBySelectedQuadruplet(sum, weights.AsSByte(), activations.AsSByte(), lane);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(int* tile, V first, V second)
    {
        first.Store(tile);
        second.Store(tile + 4);
    }
}
