using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.MatMul;

/// <summary>
/// Options of <see cref="GemmF32"/> beyond the plain product: the start of each sum, and the activation clamp at its end.
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

    /// <summary>Laid out as C: added to the clamped sums, and clamped again; or null.</summary>
    public float* Residual;

    /// <summary>Lowest value written where there is a residual.</summary>
    public float ResidualLow = float.NegativeInfinity;

    /// <summary>Highest value written where there is a residual.</summary>
    public float ResidualHigh = float.PositiveInfinity;
}

/// <summary>A run of <see cref="Length"/> neighbouring elements of a row of A, <see cref="Offset"/> elements behind its start.</summary>
internal readonly record struct GemmSegment(nint Offset, int Length);

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

    /// <summary>Where each row of A starts, in place of <see cref="A"/> and <see cref="RowStride"/>; or null.</summary>
    public float** Rows;

    /// <summary>The runs that make up a row of A, K elements in all; or null for a single one.</summary>
    public GemmSegment* Segments;
}

/// <summary>One tile of C while its sums are in registers.</summary>
internal unsafe struct GemmTile
{
    /// <summary>The panel of B, and the elements from row to row.</summary>
    public float* B;
    public nint BStride;

    /// <summary>The runs of A's rows that are multiplied.</summary>
    public GemmSegment* Segments;
    public int SegmentCount;

    /// <summary>Elements from one to the next within a run.</summary>
    public nint ColumnStride;

    /// <summary>Where the sums start, and the elements from row to row.</summary>
    public float* Start;
    public nint StartStride;

    /// <summary>Where the sums go.</summary>
    public float* Target;
    public nint TargetStride;

    public float Low;
    public float High;

    /// <summary>Whether these are bounds at all.</summary>
    public readonly bool IsClamped => Low > float.NegativeInfinity || High < float.PositiveInfinity;

    /// <summary>Bytes from a target to the addend, after which it is clamped again; 0 for none.</summary>
    public nint ResidualOffset;
    public float ResidualLow;
    public float ResidualHigh;
}

/// <summary>
/// float32 matrix product C[m,n] = start + A[m,k]·B[k,n], generic over the vector width and over the right operand.
/// <para>
/// Each output is the sequential chain acc = fma(A[i,p], B[p,j], acc) for p = 0…k−1. Lanes run over columns, register rows over
/// rows, and a sum cut into blocks of k continues from the float32 in C, so neither tier nor blocking nor threads change a bit.
/// </para>
/// <para>
/// B is taken in panels of up to three registers' width; the last may be narrower. Rows of A stream past a block of
/// a panel in groups of eight, or as many as 16 registers allow.
/// </para>
/// </summary>
internal static unsafe class GemmF32<TLanes, V>
    where TLanes : struct, ILanes<V>
    where V : unmanaged
{
    private const int BlockK = 256;
    private const int TileRows = 8;

    /// <summary>
    /// Computes rows [rowBegin, rowEnd) of columns [columnBegin, columnEnd); columnBegin is a multiple of the panel width.
    /// </summary>
    [SkipLocalsInit]
    public static void Run<TSource>(
        GemmOperands operands, GemmEpilogue epilogue, TSource source,
        int rowBegin, int rowEnd, int columnBegin, int columnEnd)
        where TSource : struct, IPanelSource
    {
        int n = TLanes.Count, panelWidth = source.Registers * n, k = operands.K;
        int scratchLength = source.IsInPlace ? 0 : BlockK * panelWidth;
        float* memory = stackalloc float[scratchLength + ((TileRows + 1) * panelWidth) + 16];
        float* scratch = (float*)(((nuint)memory + 63) & ~(nuint)63);
        float* tile = scratch + scratchLength;
        float* start = tile + (TileRows * panelWidth);
        for (int column = columnBegin; column < columnEnd; column += panelWidth)
        {
            int columns = Math.Min(panelWidth, columnEnd - column), registers = (columns + n - 1) / n;
            for (int j = 0; j < registers * n; j++)
                start[j] = epilogue.ColumnBias != null && j < columns ? epilogue.ColumnBias[column + j] : 0;

            GemmSegment* segments = operands.Segments;
            for (int row = rowBegin; row < rowEnd && epilogue.RowBias != null; row++)
                new Span<float>(operands.C + (row * operands.CStride) + column, columns).Fill(epilogue.RowBias[row]);
            bool fromC = epilogue.Accumulate || epilogue.RowBias != null;

            int k0 = 0;
            do
            {
                GemmSegment whole;
                var block = new GemmTile { ColumnStride = operands.ColumnStride, SegmentCount = 1 };
                int kc;
                if (segments == null)
                {
                    int blocks = (k - k0 + BlockK - 1) / BlockK;
                    kc = blocks == 0 ? 0 : (k - k0) / blocks;
                    whole = new GemmSegment(k0 * operands.ColumnStride, kc);
                    block.Segments = &whole;
                }
                else
                {
                    block.Segments = segments;
                    for (kc = segments++->Length; k0 + kc < k && kc + segments->Length <= BlockK; block.SegmentCount++)
                        kc += segments++->Length;
                }

                bool last = k0 + kc == k;
                block.B = source.Panel(k0, kc, column, columns, registers * n, scratch);
                block.BStride = source.Stride(registers * n);
                (block.Low, block.High) = last ? (epilogue.Low, epilogue.High) : (float.NegativeInfinity, float.PositiveInfinity);
                block.ResidualOffset = last && epilogue.Residual != null ? (nint)((byte*)epilogue.Residual - (byte*)operands.C) : 0;
                (block.ResidualLow, block.ResidualHigh) = (epilogue.ResidualLow, epilogue.ResidualHigh);
                var panel = new Panel(operands, block, start, tile, column, columns, k0 == 0 && !fromC);
                if (registers == 1)
                    panel.Multiply<One>(rowBegin, rowEnd);
                else if (registers == 2)
                    panel.Multiply<Two>(rowBegin, rowEnd);
                else
                    panel.Multiply<Three>(rowBegin, rowEnd);
                k0 += kc;
            }
            while (k0 < k);
        }
    }

    /// <summary>A block of a panel, past which the rows stream.</summary>
    private ref struct Panel(
        GemmOperands operands, GemmTile block, float* columnStart, float* tile, int column, int columns, bool first)
    {
        // Pointers to rows that are computed in one go.
        private const int Pointers = 64;

        private readonly nint _residualOffset = block.ResidualOffset;
        private GemmTile _block = block;

        [SkipLocalsInit]
        public void Multiply<TRegisters>(int rowBegin, int rowEnd)
            where TRegisters : struct, ICount
        {
            int group = SimdTiers.HasVector512 ? 8 : typeof(TRegisters) == typeof(Three) ? 4 : 6;
            int width = (typeof(TRegisters) == typeof(One) ? 1 : typeof(TRegisters) == typeof(Two) ? 2 : 3) * TLanes.Count;
            float** pointers = stackalloc float*[Pointers];
            for (int row = rowBegin; row < rowEnd;)
            {
                int left = rowEnd - row, tiles = columns == width ? left / group : 0;
                float* c = operands.C + (row * operands.CStride) + column;
                float** rows = operands.Rows + row;
                if (operands.Rows == null)
                {
                    rows = pointers;
                    tiles = Math.Min(tiles, Pointers / group);
                    float* a = operands.A + (row * operands.RowStride);
                    for (int i = 0; i < Math.Min(left, Math.Max(tiles, 1) * group); i++, a += operands.RowStride)
                        pointers[i] = a;
                }

                if (tiles > 0)
                {
                    _block.Start = first ? columnStart : c;
                    _block.StartStride = first ? 0 : operands.CStride;
                    _block.Target = c;
                    _block.TargetStride = operands.CStride;
                    _block.ResidualOffset = _residualOffset;
                    Multiply<TRegisters>(rows, group, tiles);
                    row += tiles * group;
                    continue;
                }

                int count = Math.Min(left, group), tileRows = count == 1 ? 1 : count <= 4 ? 4 : group;
                for (int i = 0; i < tileRows; i++)
                    pointers[i] = rows[Math.Min(i, count - 1)];
                Start(c, count, width);
                Multiply<TRegisters>(pointers, tileRows, 1);
                for (int i = 0; i < count; i++)
                    Finish(tile + (i * width), c + (i * operands.CStride));
                row += count;
            }
        }

        private readonly void Multiply<TRegisters>(float** rows, int group, int tiles)
            where TRegisters : struct, ICount
        {
            if (group == 1)
                GemmF32Tile<TLanes, V, TRegisters>.MultiplyRow(_block, *rows);
            else if (group == 4)
                GemmF32Tile<TLanes, V, TRegisters>.Multiply<Four>(_block, rows, tiles);
            else if (SimdTiers.HasVector512)
                GemmF32Tile<TLanes, V, TRegisters>.Multiply<Eight>(_block, rows, tiles);
            else
                GemmF32Tile<TLanes, V, TRegisters>.Multiply<Six>(_block, rows, tiles);
        }

        /// <summary>Copies a row of the scratch tile to its place.</summary>
        private readonly void Finish(float* from, float* to)
        {
            if (_residualOffset == 0)
            {
                new Span<float>(from, columns).CopyTo(new Span<float>(to, columns));
                return;
            }

            float* residual = (float*)((byte*)to + _residualOffset);
            for (int j = 0; j < columns; j++)
                to[j] = Lanes1.Clamp(from[j] + residual[j], _block.ResidualLow, _block.ResidualHigh);
        }

        /// <summary>Lets a scratch tile stand in for one that C has only a part of.</summary>
        private void Start(float* c, int count, int width)
        {
            _block.Start = _block.Target = tile;
            _block.StartStride = _block.TargetStride = width;
            _block.ResidualOffset = 0;
            if (first)
            {
                _block.Start = columnStart;
                _block.StartStride = 0;
                return;
            }

            for (int i = 0; i < count; i++)
                new Span<float>(c + (i * operands.CStride), columns).CopyTo(new Span<float>(tile + (i * width), columns));
        }
    }
}
