using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace ModelOpt.Compiler.Numerics;

/// <summary>Linear systems of symmetric matrices that are positive but for rounding, such as Gram matrices.</summary>
internal static class SymmetricSolver
{
    private const double Growth = 10;
    private const double LeastRidge = 1e-10;

    /// <summary>Solves X·(A + λI) = B with λ = <paramref name="ridge"/> · mean diagonal of A.</summary>
    /// <param name="size">Rows of A, n.</param>
    /// <param name="matrix">A [n, n], symmetric.</param>
    /// <param name="right">B [m, n], row-major.</param>
    /// <param name="ridge">The share of the mean diagonal; raised until the factorization succeeds.</param>
    /// <returns>X [m, n], row-major.</returns>
    public static double[] Solve(int size, double[] matrix, double[] right, double ridge) =>
        Solve(Factorize(size, matrix, ridge), size, right);

    /// <summary>Solves X·A = B.</summary>
    /// <param name="size">Rows of A, n.</param>
    /// <param name="right">B [m, n], row-major.</param>
    /// <returns>X [m, n], row-major.</returns>
    public static double[] Solve(Cholesky<double> factor, int size, double[] right)
    {
        // Column-major [n, m] is row-major [m, n].
        return factor.Solve(new DenseMatrix(size, right.Length / Math.Max(1, size), [.. right])).ToColumnMajorArray();
    }

    /// <summary>The Cholesky factorization of A + λI, with λ = <paramref name="ridge"/> · mean diagonal of A.</summary>
    /// <param name="size">Rows of A, n.</param>
    /// <param name="matrix">A [n, n], symmetric.</param>
    /// <param name="ridge">The share of the mean diagonal; raised until the factorization succeeds.</param>
    public static Cholesky<double> Factorize(int size, double[] matrix, double ridge)
    {
        double mean = 0;
        for (int i = 0; i < size; i++) mean += matrix[(i * size) + i] / size;
        if (mean <= 0) mean = 1;
        for (ridge = Math.Max(ridge, LeastRidge); ; ridge *= Growth)
        {
            var damped = new DenseMatrix(size, size, [.. matrix]);
            for (int i = 0; i < size; i++) damped[i, i] += ridge * mean;
            try
            {
                return damped.Cholesky();
            }
            catch (ArgumentException) when (ridge < 1)
            {
                // Not positive definite in double precision.
            }
        }
    }
}
