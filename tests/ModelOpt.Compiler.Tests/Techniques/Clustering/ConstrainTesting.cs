using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Numerics;

namespace ModelOpt.Compiler.Tests.Techniques.Clustering;

/// <summary>Layers of which all is known: weights, inputs that depend on each other, and the error of any choice of zeros.</summary>
internal static class ConstrainTesting
{
    /// <summary>The error of a random dense layer against itself.</summary>
    public static (LayerQuadratic Error, LayerMoments Moments, float[] Weight) Layer(int seed, int rows, int columns)
    {
        const int Samples = 300;
        float[] weight = TestGraph.RandomTensor(seed, rows, columns).Span<float>().ToArray();
        float[] sources = TestGraph.RandomTensor(seed + 1000, columns, Samples).Span<float>().ToArray();
        float[] mix = TestGraph.RandomTensor(seed + 2000, columns, columns).Span<float>().ToArray();
        float[] x = Product(mix, sources, columns, columns, Samples), y = Product(weight, x, rows, columns, Samples);
        LayerMoments moments = new(1, columns, rows);
        moments.Add(0, x, y, Samples, null);
        return (new LayerQuadratic(moments, 0, weight, 1e-6), moments, weight);
    }

    /// <summary>The least error that a row of weights can have with some of them zero, by the normal equations.</summary>
    public static double LeastError(LayerQuadratic error, ReadOnlySpan<float> row, Func<int, bool> isZero)
    {
        int k = error.Columns;
        int[] kept = [.. Enumerable.Range(0, k).Where(i => !isZero(i))];
        double[] w = [.. row.ToArray().Select(v => (double)v)];
        double[] right = [.. kept.Select(i => Enumerable.Range(0, k).Sum(j => error.Matrix[(i * k) + j] * w[j]))];
        double[] matrix = [.. kept.SelectMany(i => kept.Select(j => error.Matrix[(i * k) + j]))];
        double[] solved = kept.Length == 0 ? [] : SymmetricSolver.Solve(kept.Length, matrix, right, 0);
        double[] difference = [.. w];
        for (int i = 0; i < kept.Length; i++) difference[kept[i]] -= solved[i];
        double sum = 0;
        for (int i = 0; i < k; i++)
        {
            for (int j = 0; j < k; j++) sum += difference[i] * error.Matrix[(i * k) + j] * difference[j];
        }

        return sum;
    }

    private static float[] Product(float[] a, float[] b, int m, int k, int n)
    {
        float[] c = new float[m * n];
        for (int i = 0; i < m; i++)
        for (int l = 0; l < k; l++)
        for (int j = 0; j < n; j++) c[(i * n) + j] += a[(i * k) + l] * b[(l * n) + j];
        return c;
    }
}
