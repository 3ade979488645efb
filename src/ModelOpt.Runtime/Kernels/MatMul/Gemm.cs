using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Simd;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Runtime.Kernels.MatMul;

/// <summary>Entry points of the float32 matrix product: chooses the vector width and checks the spans.</summary>
internal static unsafe class GemmF32
{
    /// <summary>Registers of a panel of a right operand that is copied panel by panel.</summary>
    public const int CopiedRegisters = 3;

    /// <summary>Columns of a panel of a right operand that is copied panel by panel.</summary>
    public static int PanelWidth(SimdTier tier) => CopiedRegisters * SimdTiers.Lanes(tier);

    /// <summary>
    /// The tier and the registers of a panel that compute the least padding for <paramref name="columns"/>: 24 columns are three
    /// registers of 8 lanes rather than two of 16, 64 are two panels of two registers rather than one of three and one of one.
    /// </summary>
    public static (SimdTier Tier, int Registers) PanelOf(SimdTier tier, int columns)
    {
        while (tier > SimdTier.Vector128 && (columns <= 4 || Cost(tier - 1) * 20 < Cost(tier) * 19))
            tier--;
        int lanes = SimdTiers.Lanes(tier), registers = (columns + lanes - 1) / lanes;
        return (tier, registers <= 3 ? Math.Max(1, registers) : registers % 3 == 1 && registers % 2 == 0 ? 2 : 3);

        // 512 bits take twice as long as 256, 128 as long.
        int Cost(SimdTier t) => (columns + SimdTiers.Lanes(t) - 1) / SimdTiers.Lanes(t) * Math.Max(8, SimdTiers.Lanes(t));
    }

    /// <summary>Computes a block of the product; columnBegin is a multiple of the tier's panel width.</summary>
    public static void Run<TSource>(
        SimdTier tier, in GemmOperands operands, in GemmEpilogue epilogue, TSource source,
        int rowBegin, int rowEnd, int columnBegin, int columnEnd)
        where TSource : struct, IPanelSource
    {
        switch (tier)
        {
            case SimdTier.Vector512:
                GemmF32<Lanes512, Vector512<float>>.Run(operands, epilogue, source, rowBegin, rowEnd, columnBegin, columnEnd);
                break;
            case SimdTier.Vector256:
                GemmF32<Lanes256, Vector256<float>>.Run(operands, epilogue, source, rowBegin, rowEnd, columnBegin, columnEnd);
                break;
            case SimdTier.Vector128:
                GemmF32<Lanes128, Vector128<float>>.Run(operands, epilogue, source, rowBegin, rowEnd, columnBegin, columnEnd);
                break;
            default:
                GemmF32<Lanes1, float>.Run(operands, epilogue, source, rowBegin, rowEnd, columnBegin, columnEnd);
                break;
        }
    }

    /// <summary>Computes the whole product, in parts on the pool where there is one and the work is worth it.</summary>
    public static void Run<TSource>(
        SimdTier tier, in GemmOperands operands, in GemmEpilogue epilogue, TSource source, int m, int n, WorkerPool? pool)
        where TSource : struct, IPanelSource
    {
        const long worthThreads = 200_000;
        if (pool is null || pool.Threads == 1 || (long)m * n * operands.K < worthThreads)
        {
            Run(tier, operands, epilogue, source, 0, m, 0, n);
            return;
        }

        var job = new Job<TSource>(tier, operands, epilogue, source, m, n, 4 * pool.Threads);
        pool.Run(job, job.Parts);
    }

    /// <summary>A product divided into blocks of columns, or of rows where there are more of them.</summary>
    private sealed class Job<TSource> : IParallelJob
        where TSource : struct, IPanelSource
    {
        private readonly SimdTier _tier;
        private readonly GemmOperands _operands;
        private readonly GemmEpilogue _epilogue;
        private readonly TSource _source;
        private readonly int _m;
        private readonly int _n;
        private readonly int _blockRows;
        private readonly int _blockColumns;

        public Job(
            SimdTier tier, in GemmOperands operands, in GemmEpilogue epilogue, TSource source, int m, int n, int parts)
        {
            const int tileRows = 8;
            (_tier, _operands, _epilogue, _source, _m, _n) = (tier, operands, epilogue, source, m, n);
            int width = PanelWidth(tier);
            _blockRows = m > n ? RoundUp((m + parts - 1) / parts, tileRows) : m;
            _blockColumns = m > n ? n : RoundUp((n + parts - 1) / parts, width);
            Parts = m > n ? (m + _blockRows - 1) / _blockRows : (n + _blockColumns - 1) / _blockColumns;
        }

        public int Parts { get; }

        public void Execute(int part)
        {
            int row = _m > _n ? part * _blockRows : 0, column = _m > _n ? 0 : part * _blockColumns;
            Run(
                _tier, _operands, _epilogue, _source, row, Math.Min(_m, row + _blockRows), column,
                Math.Min(_n, column + _blockColumns));
        }

        private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
    }
}

/// <summary>float32 matrix product on spans, for callers outside the kernels.</summary>
internal static unsafe class Gemm
{
    /// <summary>
    /// C[m,n] = start + A·B, row-major with the leading dimensions lda, ldb and ldc (elements from one stored row to the next).
    /// A is stored [m,k], or [k,m] with <paramref name="transposeA"/>; B [k,n], or [n,k] with <paramref name="transposeB"/>.
    /// Sums start at C itself with <paramref name="accumulate"/>, else at <paramref name="rowBias"/> [m] or
    /// <paramref name="columnBias"/> [n] where given, else at zero. The same bits on every machine and with any number of threads.
    /// </summary>
    /// <exception cref="ArgumentException">A span is shorter than its shape, or more than one start is given.</exception>
    public static void Multiply(
        int m, int n, int k,
        ReadOnlySpan<float> a, int lda, bool transposeA,
        ReadOnlySpan<float> b, int ldb, bool transposeB,
        Span<float> c, int ldc,
        bool accumulate = false, ReadOnlySpan<float> rowBias = default, ReadOnlySpan<float> columnBias = default,
        WorkerPool? pool = null)
    {
        Check(a.Length, lda, transposeA ? k : m, transposeA ? m : k, nameof(a));
        Check(b.Length, ldb, transposeB ? n : k, transposeB ? k : n, nameof(b));
        Check(c.Length, ldc, m, n, nameof(c));
        if (!rowBias.IsEmpty)
            Check(rowBias.Length, m, 1, m, nameof(rowBias));
        if (!columnBias.IsEmpty)
            Check(columnBias.Length, n, 1, n, nameof(columnBias));
        if ((accumulate ? 1 : 0) + (rowBias.IsEmpty ? 0 : 1) + (columnBias.IsEmpty ? 0 : 1) > 1)
            throw new ArgumentException("A sum starts at C, at a row bias or at a column bias: give one.", nameof(accumulate));
        if (m == 0 || n == 0)
            return;

        fixed (float* pa = a, pb = b, pc = c, pr = rowBias, pn = columnBias)
        {
            var operands = new GemmOperands
            {
                K = k,
                A = pa,
                RowStride = transposeA ? 1 : lda,
                ColumnStride = transposeA ? lda : 1,
                C = pc,
                CStride = ldc,
            };
            var epilogue = new GemmEpilogue { RowBias = pr, ColumnBias = pn, Accumulate = accumulate };
            var source = new MatrixSource(pb, transposeB ? 1 : ldb, transposeB ? ldb : 1);
            GemmF32.Run(SimdTiers.Best, operands, epilogue, source, m, n, pool);
        }
    }

    private static void Check(int length, int stride, int rows, int columns, string name)
    {
        if (rows < 0 || columns < 0 || stride < columns || (rows > 0 && length < ((long)(rows - 1) * stride) + columns))
            throw new ArgumentException($"{rows}×{columns} with stride {stride} does not fit {length} elements.", name);
    }
}
