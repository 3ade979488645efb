namespace ModelOpt.Compiler.Numerics;

/// <summary>A symmetric positive definite matrix as UᵀU, U upper triangular.</summary>
internal sealed class CholeskyFactor
{
    private readonly RowMatrix _upper;

    private CholeskyFactor(RowMatrix upper) => _upper = upper;

    /// <summary>U: nothing below its diagonal.</summary>
    public RowMatrix Upper => _upper;

    /// <summary>Factors matrix + ridge · mean(diagonal) · I. Where it is still not definite, tenfold ridges are tried.</summary>
    public static CholeskyFactor Of(RowMatrix matrix, double ridge)
    {
        double trace = 0;
        for (int i = 0; i < matrix.Rows; i++) trace += matrix[i, i];
        double mean = trace > 0 ? trace / matrix.Rows : 1;
        for (; ; ridge *= 10)
        {
            if (Factor(matrix, ridge * mean) is { } factor) return factor;
        }
    }

    /// <summary>X with X · (UᵀU) = right.</summary>
    /// <param name="right">Rows of as many elements as the matrix has rows.</param>
    public RowMatrix SolveRows(RowMatrix right)
    {
        int n = _upper.Rows;
        RowMatrix result = new(right.Rows, n, (double[])right.Data.Clone(), _upper.Workers);
        _upper.ForRows(right.Rows, (long)n * n, r =>
        {
            // y·U = b from the left, then x·Uᵀ = y from the right.
            Span<double> row = result.Row(r);
            for (int k = 0; k < n; k++)
            {
                row[k] /= _upper[k, k];
                RowMatrix.AddScaled(row[(k + 1)..], -row[k], _upper.Row(k)[(k + 1)..]);
            }

            for (int k = n - 1; k >= 0; k--)
            {
                ReadOnlySpan<double> factors = _upper.Row(k);
                double sum = row[k];
                for (int j = k + 1; j < n; j++) sum -= factors[j] * row[j];
                row[k] = sum / factors[k];
            }
        });
        return result;
    }

    private static CholeskyFactor? Factor(RowMatrix matrix, double added)
    {
        int n = matrix.Rows;
        RowMatrix upper = new(n, n, (double[])matrix.Data.Clone(), matrix.Workers);
        for (int k = 0; k < n; k++)
        {
            Span<double> row = upper.Row(k);
            row[..k].Clear();
            double pivot = row[k] + added;
            if (!(pivot > added * 1e-6)) return null;
            double root = Math.Sqrt(pivot);
            row[k] = root;
            for (int j = k + 1; j < n; j++) row[j] /= root;
            int from = k + 1;
            upper.ForRows(n - from, n - from, i =>
            {
                ReadOnlySpan<double> pivotRow = upper.Row(from - 1);
                RowMatrix.AddScaled(upper.Row(from + i)[(from + i)..], -pivotRow[from + i], pivotRow[(from + i)..]);
            });
        }

        return new CholeskyFactor(upper);
    }
}
