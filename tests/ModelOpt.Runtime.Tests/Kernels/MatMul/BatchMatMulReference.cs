using ModelOpt.Runtime.Kernels.MatMul;

namespace ModelOpt.Runtime.Tests.Kernels.MatMul;

/// <summary>Products of matrices as they are defined.</summary>
internal static class BatchMatMulReference
{
    /// <summary>Shapes of any size and order.</summary>
    public static IEnumerable<BatchMatMulShape> RandomShapes(Random random, int count)
    {
        for (int i = 0; i < count; i++)
        {
            int batch = random.Next(1, 5);
            int[] a = [.. Enumerable.Range(0, batch).Select(_ => random.Next(3))],
                b = [.. Enumerable.Range(0, batch).Select(_ => random.Next(2))];
            yield return new BatchMatMulShape(
                random.Next(1, 30), random.Next(1, 80), random.Next(1, 40), random.Next(2) == 0, random.Next(2) == 0, a, b);
        }
    }

    /// <summary>Calls back for each output with the positions of the elements to multiply, in order.</summary>
    public static void ForEach(BatchMatMulShape s, Action<int, List<(int A, int B)>> output)
    {
        var terms = new List<(int A, int B)>();
        for (int batch = 0, at = 0; batch < s.Batch; batch++)
        {
            for (int i = 0; i < s.M; i++)
            {
                for (int j = 0; j < s.N; j++)
                {
                    terms.Clear();
                    for (int p = 0; p < s.K; p++)
                    {
                        int a = s.TransposeA ? (p * s.M) + i : (i * s.K) + p, b = s.TransposeB ? (j * s.K) + p : (p * s.N) + j;
                        terms.Add(((s.IndicesA[batch] * s.M * s.K) + a, (s.IndicesB[batch] * s.K * s.N) + b));
                    }

                    output(at++, terms);
                }
            }
        }
    }
}
