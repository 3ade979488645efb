using ModelOpt.Runtime.Kernels.MatMul;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Runtime.Tests.Kernels.MatMul;

[TestClass]
internal sealed unsafe class GemmF32Tests
{
    [TestMethod]
    public void Every_tier_and_layout_equals_the_sequential_sum()
    {
        int[] sizes = [1, 2, 3, 5, 6, 7, 8, 13, 16, 31, 32, 33, 65];
        var random = new Random(1);
        for (int trial = 0; trial < 300; trial++)
        {
            int m = sizes[random.Next(sizes.Length)], n = sizes[random.Next(sizes.Length)];
            int k = random.Next(4) == 0 ? random.Next(250, 800) : random.Next(0, 40);
            Check(m, n, k, trial, start: trial % 4, (trial & 1) != 0, (trial & 2) != 0, extra: random.Next(3));
        }
    }

    [TestMethod]
    public void A_packed_operand_and_any_split_of_the_work_give_the_same_bits()
    {
        const int m = 37, n = 150, k = 530;
        float[] a = KernelTesting.Floats(m * k, 3), b = KernelTesting.Floats(n * k, 4), bias = KernelTesting.Floats(n, 5);
        var expected = new float[m * n];
        Reference(m, n, k, (i, p) => a[(i * k) + p], (p, j) => b[(j * k) + p], (i, j) => bias[j], expected, n);
        for (int i = 0; i < expected.Length; i++)
            expected[i] = Math.Clamp(expected[i], -3f, 5f);

        foreach (SimdTier tier in KernelTesting.Tiers)
        {
            var packed = new PackedMatrixF32(b, k, n, transposed: true, tier);
            int width = packed.PanelWidth;
            var actual = new float[m * n];
            fixed (float* pa = a, pc = actual, pb = bias)
            {
                var operands = new GemmOperands { K = k, A = pa, RowStride = k, ColumnStride = 1, C = pc, CStride = n };
                var epilogue = new GemmEpilogue { ColumnBias = pb, Low = -3, High = 5 };
                for (int column = 0; column < n; column += width)
                {
                    int end = Math.Min(n, column + width);
                    GemmF32.Run(packed.Tier, operands, epilogue, packed.Source, 0, 8, column, end);
                    GemmF32.Run(packed.Tier, operands, epilogue, packed.Source, 8, 9, column, end);
                    GemmF32.Run(packed.Tier, operands, epilogue, packed.Source, 9, m, column, end);
                }
            }

            GC.KeepAlive(packed);
            KernelTesting.AssertSameBits(expected, actual, tier.ToString());
        }
    }

    [TestMethod]
    [DataRow(500, 40)]
    [DataRow(40, 500)]
    public void Threads_give_the_same_bits(int m, int n)
    {
        const int k = 70;
        float[] a = KernelTesting.Floats(m * k, 1), b = KernelTesting.Floats(k * n, 2), bias = KernelTesting.Floats(m, 3);
        float[] one = new float[m * n], three = new float[m * n];
        using var pool = new WorkerPool(3);
        Gemm.Multiply(m, n, k, a, k, false, b, n, false, one, n, rowBias: bias);
        Gemm.Multiply(m, n, k, a, k, false, b, n, false, three, n, rowBias: bias, pool: pool);
        KernelTesting.AssertSameBits(one, three, "three threads");
    }

    [TestMethod]
    public void Spans_too_short_for_their_shape_are_refused()
    {
        var four = new float[4];
        Assert.ThrowsExactly<ArgumentException>(() => Gemm.Multiply(2, 2, 3, four, 3, false, new float[6], 2, false, four, 2));
        Assert.ThrowsExactly<ArgumentException>(() => Gemm.Multiply(2, 2, 2, four, 2, false, four, 1, false, four, 2));
        Assert.ThrowsExactly<ArgumentException>(() => Gemm.Multiply(2, 2, 2, four, 2, false, four, 2, false, new float[3], 2));
        Assert.ThrowsExactly<ArgumentException>(
            () => Gemm.Multiply(2, 2, 2, four, 2, false, four, 2, false, four, 2, accumulate: true, rowBias: four));
    }

    private static void Check(int m, int n, int k, int seed, int start, bool transposeA, bool transposeB, int extra)
    {
        int lda = (transposeA ? m : k) + extra, ldb = (transposeB ? k : n) + extra, ldc = n + extra;
        float[] a = KernelTesting.Floats((transposeA ? k : m) * lda, seed);
        float[] b = KernelTesting.Floats((transposeB ? n : k) * ldb, seed + 1);
        float[] initial = KernelTesting.Floats(m * ldc, seed + 2);
        float[] rowBias = start == 2 ? KernelTesting.Floats(m, seed + 3) : [];
        float[] columnBias = start == 3 ? KernelTesting.Floats(n, seed + 3) : [];
        var expected = (float[])initial.Clone();
        Reference(
            m, n, k,
            (i, p) => a[transposeA ? (p * lda) + i : (i * lda) + p],
            (p, j) => b[transposeB ? (j * ldb) + p : (p * ldb) + j],
            (i, j) => start == 0 ? 0 : start == 1 ? initial[(i * ldc) + j] : start == 2 ? rowBias[i] : columnBias[j],
            expected, ldc);

        foreach (SimdTier tier in KernelTesting.Tiers)
        {
            var actual = (float[])initial.Clone();
            fixed (float* pa = a, pb = b, pc = actual, pr = rowBias, pn = columnBias)
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
                var epilogue = new GemmEpilogue { RowBias = pr, ColumnBias = pn, Accumulate = start == 1 };
                var source = new MatrixSource(pb, transposeB ? 1 : ldb, transposeB ? ldb : 1);
                GemmF32.Run(tier, operands, epilogue, source, 0, m, 0, n);
            }

            KernelTesting.AssertSameBits(expected, actual, $"{tier} {m}×{n}×{k} start {start} {transposeA} {transposeB}");
        }

        var viaEntry = (float[])initial.Clone();
        Gemm.Multiply(m, n, k, a, lda, transposeA, b, ldb, transposeB, viaEntry, ldc, start == 1, rowBias, columnBias);
        KernelTesting.AssertSameBits(expected, viaEntry, "Multiply");
    }

    private static void Reference(
        int m, int n, int k, Func<int, int, float> a, Func<int, int, float> b, Func<int, int, float> start, float[] c, int ldc)
    {
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                float sum = start(i, j);
                for (int p = 0; p < k; p++)
                    sum = MathF.FusedMultiplyAdd(a(i, p), b(p, j), sum);
                c[(i * ldc) + j] = sum;
            }
        }
    }
}
