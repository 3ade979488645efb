using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Kernels.Simd;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// What <see cref="GemmF32"/> adds to the plain product: where each sum starts, and the activation clamp at its end.
/// </summary>
internal unsafe struct GemmEpilogue
{
    public GemmEpilogue()
    {
    }

    /// <summary>[n]: start of the sums of each column, or null.</summary>
    public float* ColumnBias;

    /// <summary>[m]: start of the sums of each row, or null.</summary>
    public float* RowBias;

    /// <summary>The sums start at the present content of C; no bias then.</summary>
    public bool Accumulate;

    /// <summary>Lowest value written.</summary>
    public float Low = float.NegativeInfinity;

    /// <summary>Highest value written.</summary>
    public float High = float.PositiveInfinity;
}

/// <summary>
/// The left operand and the result of one product: A[i, p] = A[i·RowStride + p·ColumnStride], C[i, j] = C[i·CStride + j].
/// Strides are in elements, so a transposed A is only another pair of strides.
/// </summary>
internal unsafe struct GemmOperands
{
    public int K;
    public float* A;
    public nint RowStride;
    public nint ColumnStride;
    public float* C;
    public nint CStride;
}

/// <summary>
/// float32 matrix product C[m,n] = start + A[m,k]·B[k,n], generic over the vector width and over the right operand.
/// <para>
/// Each output is the sequential chain acc = fma(A[i,p], B[p,j], acc) for p = 0…k−1. Lanes run over columns, register rows over
/// rows, and a sum cut into blocks of k continues from the float32 in C, so neither tier nor blocking nor threads change a bit.
/// </para>
/// <para>
/// B is taken in panels of two registers' width. A panel block (at most <see cref="BlockK"/> × 2 registers = 32 KiB) stays in
/// the first-level cache while all rows of A stream past it in groups of six.
/// </para>
/// </summary>
internal static unsafe class GemmF32<TLanes, V>
    where TLanes : struct, ILanes<V>
    where V : unmanaged
{
    private const int BlockK = 256;
    private const int TileRows = 6;

    /// <summary>Columns of a panel.</summary>
    public static int PanelWidth => 2 * TLanes.Count;

    /// <summary>
    /// Computes rows [rowBegin, rowEnd) of columns [columnBegin, columnEnd); columnBegin is a multiple of the panel width.
    /// </summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TSource>(
        GemmOperands operands, GemmEpilogue epilogue, TSource source,
        int rowBegin, int rowEnd, int columnBegin, int columnEnd)
        where TSource : struct, IPanelSource
    {
        int width = PanelWidth;
        int k = operands.K;
        float* memory = stackalloc float[(BlockK * width) + (TileRows * width) + width + 16];
        float* scratch = (float*)(((nuint)memory + 63) & ~(nuint)63);
        float* tile = scratch + (BlockK * width);
        float* start = tile + (TileRows * width);

        int blocks = Math.Max(1, (k + BlockK - 1) / BlockK);
        for (int column = columnBegin; column < columnEnd; column += width)
        {
            int columns = Math.Min(width, columnEnd - column);
            for (int j = 0; j < width; j++)
                start[j] = epilogue.ColumnBias != null && j < columns ? epilogue.ColumnBias[column + j] : 0;

            for (int block = 0; block < blocks; block++)
            {
                int k0 = (int)((long)k * block / blocks);
                int kc = (int)((long)k * (block + 1) / blocks) - k0;
                bool first = block == 0 && !epilogue.Accumulate;
                bool last = block == blocks - 1;
                float low = last ? epilogue.Low : float.NegativeInfinity;
                float high = last ? epilogue.High : float.PositiveInfinity;
                float* panel = source.Panel(k0, kc, column, columns, width, scratch);
                for (int row = rowBegin; row < rowEnd;)
                {
                    int rows = rowEnd - row;
                    rows = rows >= TileRows ? TileRows : rows > 2 ? rows : 1;
                    float* a = operands.A + (row * operands.RowStride) + (k0 * operands.ColumnStride);
                    float* c = operands.C + (row * operands.CStride) + column;
                    float* init = c;
                    nint initStride = operands.CStride;
                    if (first && epilogue.RowBias == null)
                    {
                        init = start;
                        initStride = 0;
                    }
                    else if (first)
                    {
                        for (int i = 0; i < rows; i++)
                            new Span<float>(tile + (i * width), width).Fill(epilogue.RowBias[row + i]);
                        init = tile;
                        initStride = width;
                    }

                    float* target = c;
                    nint targetStride = operands.CStride;
                    if (columns < width)
                    {
                        // The tile stands in for the part of C beyond the last column.
                        if (init == c)
                        {
                            CopyTile(c, operands.CStride, tile, width, rows, columns);
                            init = tile;
                            initStride = width;
                        }

                        target = tile;
                        targetStride = width;
                    }

                    if (rows == 1)
                    {
                        MultiplyRow(kc, a, operands.ColumnStride, panel, init, target, low, high);
                    }
                    else
                    {
                        MultiplyTile(
                            kc, rows, a, operands.RowStride, operands.ColumnStride, panel, init, initStride, target,
                            targetStride, low, high);
                    }

                    if (columns < width)
                        CopyTile(tile, width, c, operands.CStride, rows, columns);
                    row += rows;
                }
            }
        }
    }

    private static void CopyTile(float* source, nint sourceStride, float* target, nint targetStride, int rows, int columns)
    {
        for (int i = 0; i < rows; i++)
            new Span<float>(source + (i * sourceStride), columns).CopyTo(new Span<float>(target + (i * targetStride), columns));
    }

    /// <summary>
    /// Six rows by two registers: 12 accumulators, 2 of B and 1 broadcast fit the 16 registers of AVX2. Of fewer rows, the
    /// missing ones repeat the last: they compute and store the same values once more.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyTile(
        int k, int rows, float* a, nint rowStride, nint columnStride, float* b, float* init, nint initStride,
        float* c, nint cStride, float low, float high)
    {
        int n = TLanes.Count;
        nint r1 = 1, r2 = 2, r3 = Math.Min(3, rows - 1), r4 = Math.Min(4, rows - 1), r5 = Math.Min(5, rows - 1);
        float* a1 = a + (r1 * rowStride);
        float* a2 = a + (r2 * rowStride);
        float* a3 = a + (r3 * rowStride);
        float* a4 = a + (r4 * rowStride);
        float* a5 = a + (r5 * rowStride);
        V c00 = TLanes.Load(init), c01 = TLanes.Load(init + n);
        V c10 = TLanes.Load(init + (r1 * initStride)), c11 = TLanes.Load(init + (r1 * initStride) + n);
        V c20 = TLanes.Load(init + (r2 * initStride)), c21 = TLanes.Load(init + (r2 * initStride) + n);
        V c30 = TLanes.Load(init + (r3 * initStride)), c31 = TLanes.Load(init + (r3 * initStride) + n);
        V c40 = TLanes.Load(init + (r4 * initStride)), c41 = TLanes.Load(init + (r4 * initStride) + n);
        V c50 = TLanes.Load(init + (r5 * initStride)), c51 = TLanes.Load(init + (r5 * initStride) + n);
        nint offset = 0;
        for (int p = 0; p < k; p++)
        {
            V b0 = TLanes.Load(b), b1 = TLanes.Load(b + n);
            V x = TLanes.Create(a[offset]);
            c00 = TLanes.FusedMultiplyAdd(x, b0, c00);
            c01 = TLanes.FusedMultiplyAdd(x, b1, c01);
            x = TLanes.Create(a1[offset]);
            c10 = TLanes.FusedMultiplyAdd(x, b0, c10);
            c11 = TLanes.FusedMultiplyAdd(x, b1, c11);
            x = TLanes.Create(a2[offset]);
            c20 = TLanes.FusedMultiplyAdd(x, b0, c20);
            c21 = TLanes.FusedMultiplyAdd(x, b1, c21);
            x = TLanes.Create(a3[offset]);
            c30 = TLanes.FusedMultiplyAdd(x, b0, c30);
            c31 = TLanes.FusedMultiplyAdd(x, b1, c31);
            x = TLanes.Create(a4[offset]);
            c40 = TLanes.FusedMultiplyAdd(x, b0, c40);
            c41 = TLanes.FusedMultiplyAdd(x, b1, c41);
            x = TLanes.Create(a5[offset]);
            c50 = TLanes.FusedMultiplyAdd(x, b0, c50);
            c51 = TLanes.FusedMultiplyAdd(x, b1, c51);
            offset += columnStride;
            b += 2 * n;
        }

        V lowest = TLanes.Create(low), highest = TLanes.Create(high);
        StorePair(c, c00, c01, lowest, highest);
        StorePair(c + (r1 * cStride), c10, c11, lowest, highest);
        StorePair(c + (r2 * cStride), c20, c21, lowest, highest);
        StorePair(c + (r3 * cStride), c30, c31, lowest, highest);
        StorePair(c + (r4 * cStride), c40, c41, lowest, highest);
        StorePair(c + (r5 * cStride), c50, c51, lowest, highest);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyRow(
        int k, float* a, nint columnStride, float* b, float* init, float* c, float low, float high)
    {
        int n = TLanes.Count;
        V c0 = TLanes.Load(init), c1 = TLanes.Load(init + n);
        for (int p = 0; p < k; p++)
        {
            V x = TLanes.Create(*a);
            c0 = TLanes.FusedMultiplyAdd(x, TLanes.Load(b), c0);
            c1 = TLanes.FusedMultiplyAdd(x, TLanes.Load(b + n), c1);
            a += columnStride;
            b += 2 * n;
        }

        StorePair(c, c0, c1, TLanes.Create(low), TLanes.Create(high));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePair(float* c, V first, V second, V low, V high)
    {
        TLanes.Store(c, TLanes.Clamp(first, low, high));
        TLanes.Store(c + TLanes.Count, TLanes.Clamp(second, low, high));
    }
}
