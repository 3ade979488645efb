using MathNet.Numerics.Providers.LinearAlgebra;

namespace ModelOpt.Compiler.Numerics;

/// <summary>Eigenvalues and eigenvectors of a symmetric matrix, largest eigenvalue first.</summary>
/// <param name="Values">The eigenvalues, descending.</param>
/// <param name="Vectors">A row for each: orthonormal.</param>
internal sealed record SymmetricEigen(double[] Values, RowMatrix Vectors)
{
    /// <summary>Decomposes a matrix.</summary>
    public static SymmetricEigen Of(RowMatrix matrix)
    {
        int n = matrix.Rows;
        double[] vectors = new double[n * n];
        var values = new System.Numerics.Complex[n];
        // The managed provider by name: the default one would look for native libraries in the environment.
        ManagedLinearAlgebraProvider.Instance.EigenDecomp(true, n, (double[])matrix.Data.Clone(), vectors, values, new double[n * n]);
        // They come ascending, vectors as columns of a column-major matrix: each is contiguous.
        RowMatrix rows = new(n, n, matrix.Workers);
        for (int i = 0; i < n; i++) vectors.AsSpan((n - 1 - i) * n, n).CopyTo(rows.Row(i));
        return new SymmetricEigen([.. values.Select(v => v.Real).Reverse()], rows);
    }
}
