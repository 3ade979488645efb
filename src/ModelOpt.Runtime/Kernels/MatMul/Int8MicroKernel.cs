using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.MatMul;

/// <summary>
/// The innermost product of all int8 matrix kernels: a tile of at most <see cref="TileRows"/> rows by <see cref="PanelWidth"/>
/// columns. One instance per tier and form of the operands: consecutive elements along k share one int32 lane, and one
/// multiply-add takes them all. Sums are int32 modulo 2^32; they are exact as long as k·255·127 &lt; 2^31, that is to k = 66,000.
/// </summary>
internal abstract unsafe class Int8MicroKernel
{
    /// <summary>Rows of a tile.</summary>
    public const int TileRows = 6;

    private static readonly Int8MicroKernel[][] Kernels =
    [
        [
            new Tiled<IntLanes1, PairDot<IntLanes1, int>, int>(),
            AdvSimd.Arm64.IsSupported
                ? new ArmPairKernel() : new Tiled<IntLanes128, PairDot<IntLanes128, Vector128<int>>, Vector128<int>>(),
            new Tiled<IntLanes256, PairDot<IntLanes256, Vector256<int>>, Vector256<int>>(),
            new Tiled<IntLanes512, PairDot<IntLanes512, Vector512<int>>, Vector512<int>>(),
        ],
        [
            new Tiled<IntLanes1, UnsignedQuadDot<IntLanes1, int>, int>(),
            new Tiled<IntLanes128, UnsignedQuadDot<IntLanes128, Vector128<int>>, Vector128<int>>(),
            new Tiled<IntLanes256, UnsignedQuadDot<IntLanes256, Vector256<int>>, Vector256<int>>(),
            new Tiled<IntLanes512, UnsignedQuadDot<IntLanes512, Vector512<int>>, Vector512<int>>(),
        ],
        [
            new Tiled<IntLanes1, SignedQuadDot<IntLanes1, int>, int>(),
            Dp.IsSupported
                ? new ArmDotKernel() : new Tiled<IntLanes128, SignedQuadDot<IntLanes128, Vector128<int>>, Vector128<int>>(),
            new Tiled<IntLanes256, SignedQuadDot<IntLanes256, Vector256<int>>, Vector256<int>>(),
            new Tiled<IntLanes512, SignedQuadDot<IntLanes512, Vector512<int>>, Vector512<int>>(),
        ],
    ];

    /// <summary>Columns of a panel of weights.</summary>
    public abstract int PanelWidth { get; }

    /// <summary>The kernel of a tier and form.</summary>
    public static Int8MicroKernel For(SimdTier tier, Int8Form form) => Kernels[(int)form][(int)tier];

    /// <summary>tile[i, j] = start[j] + Σ a[i, p]·panel[p, j].</summary>
    /// <param name="lanes">Lanes of a row.</param>
    /// <param name="rows">Rows of the tile to compute, 1 to <see cref="TileRows"/>.</param>
    /// <param name="a">Activations, row by row.</param>
    /// <param name="aStride">Lanes from one row to the next.</param>
    /// <param name="panel">[lanes, PanelWidth] weights.</param>
    /// <param name="start">[PanelWidth] biases.</param>
    /// <param name="tile">[rows, PanelWidth] sums.</param>
    public void Multiply(int lanes, int rows, int* a, nint aStride, int* panel, int* start, int* tile)
    {
        if (rows > 2)
        {
            MultiplyTile(lanes, rows, a, aStride, panel, start, tile);
            return;
        }

        MultiplyRow(lanes, a, panel, start, tile);
        if (rows == 2)
            MultiplyRow(lanes, a + aStride, panel, start, tile + PanelWidth);
    }

    /// <summary>Three rows or more. Of fewer than six, the missing ones may repeat the last, and store the same sums once more.</summary>
    protected abstract void MultiplyTile(int lanes, int rows, int* a, nint aStride, int* panel, int* start, int* tile);

    /// <summary>One row.</summary>
    protected abstract void MultiplyRow(int lanes, int* a, int* panel, int* start, int* tile);

    /// <summary>Six rows by two registers of accumulators.</summary>
    private sealed class Tiled<TLanes, TDot, V> : Int8MicroKernel
        where TDot : struct, IInt8Dot<V>
        where TLanes : struct, IIntLanes<V>
        where V : unmanaged
    {
        public override int PanelWidth => 2 * TLanes.Count;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void MultiplyTile(int lanes, int rows, int* a, nint aStride, int* panel, int* start, int* tile)
        {
            int n = TLanes.Count;
            nint r3 = Math.Min(3, rows - 1), r4 = Math.Min(4, rows - 1), r5 = Math.Min(5, rows - 1);
            int* a1 = a + aStride;
            int* a2 = a + (2 * aStride);
            int* a3 = a + (r3 * aStride);
            int* a4 = a + (r4 * aStride);
            int* a5 = a + (r5 * aStride);
            V s0 = TLanes.Load(start), s1 = TLanes.Load(start + n);
            V c00 = s0, c01 = s1, c10 = s0, c11 = s1, c20 = s0, c21 = s1;
            V c30 = s0, c31 = s1, c40 = s0, c41 = s1, c50 = s0, c51 = s1;
            for (nint p = 0; p < lanes; p++)
            {
                V b0 = TLanes.Load(panel), b1 = TLanes.Load(panel + n);
                V x = TLanes.Create(a[p]);
                c00 = TDot.Dot(x, b0, c00);
                c01 = TDot.Dot(x, b1, c01);
                x = TLanes.Create(a1[p]);
                c10 = TDot.Dot(x, b0, c10);
                c11 = TDot.Dot(x, b1, c11);
                x = TLanes.Create(a2[p]);
                c20 = TDot.Dot(x, b0, c20);
                c21 = TDot.Dot(x, b1, c21);
                x = TLanes.Create(a3[p]);
                c30 = TDot.Dot(x, b0, c30);
                c31 = TDot.Dot(x, b1, c31);
                x = TLanes.Create(a4[p]);
                c40 = TDot.Dot(x, b0, c40);
                c41 = TDot.Dot(x, b1, c41);
                x = TLanes.Create(a5[p]);
                c50 = TDot.Dot(x, b0, c50);
                c51 = TDot.Dot(x, b1, c51);
                panel += 2 * n;
            }

            nint width = 2 * n;
            StorePair(tile, c00, c01);
            StorePair(tile + width, c10, c11);
            StorePair(tile + (2 * width), c20, c21);
            StorePair(tile + (r3 * width), c30, c31);
            StorePair(tile + (r4 * width), c40, c41);
            StorePair(tile + (r5 * width), c50, c51);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void MultiplyRow(int lanes, int* a, int* panel, int* start, int* tile)
        {
            int n = TLanes.Count;
            V c0 = TLanes.Load(start), c1 = TLanes.Load(start + n);
            for (nint p = 0; p < lanes; p++)
            {
                V x = TLanes.Create(a[p]);
                c0 = TDot.Dot(x, TLanes.Load(panel), c0);
                c1 = TDot.Dot(x, TLanes.Load(panel + n), c1);
                panel += 2 * n;
            }

            StorePair(tile, c0, c1);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void StorePair(int* tile, V first, V second)
        {
            TLanes.Store(tile, first);
            TLanes.Store(tile + TLanes.Count, second);
        }
    }
}
