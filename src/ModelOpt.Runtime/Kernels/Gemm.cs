using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Kernels.Simd;

namespace ModelOpt.Runtime.Kernels;

/// <summary>Entry points of the float32 matrix product: chooses the vector width and checks the spans.</summary>
internal static unsafe class GemmF32
{
    /// <summary>Columns of a panel of a right operand on this tier.</summary>
    public static int PanelWidth(SimdTier tier) => tier switch
    {
        SimdTier.Vector512 => GemmF32<Lanes512, Vector512<float>>.PanelWidth,
        SimdTier.Vector256 => GemmF32<Lanes256, Vector256<float>>.PanelWidth,
        SimdTier.Vector128 => GemmF32<Lanes128, Vector128<float>>.PanelWidth,
        _ => GemmF32<Lanes1, float>.PanelWidth,
    };

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
}

/// <summary>float32 matrix product on spans, for callers outside the kernels.</summary>
internal static unsafe class Gemm
{
    /// <summary>
    /// C[m,n] = start + A·B, row-major with the leading dimensions lda, ldb and ldc (elements from one stored row to the next).
    /// A is stored [m,k], or [k,m] with <paramref name="transposeA"/>; B is stored [k,n], or [n,k] with <paramref name="transposeB"/>.
    /// Sums start at C itself with <paramref name="accumulate"/>, else at <paramref name="rowBias"/> [m] or
    /// <paramref name="columnBias"/> [n] where given, else at zero. The same bits on every machine.
    /// </summary>
    /// <exception cref="ArgumentException">A span is shorter than its shape, or more than one start is given.</exception>
    public static void Multiply(
        int m, int n, int k,
        ReadOnlySpan<float> a, int lda, bool transposeA,
        ReadOnlySpan<float> b, int ldb, bool transposeB,
        Span<float> c, int ldc,
        bool accumulate = false, ReadOnlySpan<float> rowBias = default, ReadOnlySpan<float> columnBias = default)
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
            GemmF32.Run(SimdTiers.Best, operands, epilogue, source, 0, m, 0, n);
        }
    }

    private static void Check(int length, int stride, int rows, int columns, string name)
    {
        if (rows < 0 || columns < 0 || stride < columns || (rows > 0 && length < ((long)(rows - 1) * stride) + columns))
            throw new ArgumentException($"{rows}×{columns} with stride {stride} does not fit {length} elements.", name);
    }
}
