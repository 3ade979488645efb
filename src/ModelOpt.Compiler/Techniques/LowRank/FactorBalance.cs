using ModelOpt.Compiler.Numerics;

namespace ModelOpt.Compiler.Techniques.LowRank;

/// <summary>
/// Chooses, among all pairs of factors with the same product, one that survives quantization: the second factor's columns are
/// orthonormal, and the basis is rotated until all channels between the factors have the same variance. One scale then suits them
/// all; principal components would differ by orders of magnitude, and scaling them alone would move the difference to the weights.
/// </summary>
internal static class FactorBalance
{
    /// <summary>Balances A and B, keeping B·A.</summary>
    /// <param name="a">The first factor, [q, n].</param>
    /// <param name="b">The second factor, [m, q].</param>
    /// <param name="covariance">Covariance of A's input, [n, n].</param>
    public static (RowMatrix A, RowMatrix B) Apply(RowMatrix a, RowMatrix b, RowMatrix covariance)
    {
        CholeskyFactor gram = CholeskyFactor.Of(b.Transposed().Times(b), 1e-12);
        a = gram.Upper.Times(a);
        RowMatrix columns = gram.SolveRows(b).Times(gram.Upper.Transposed()).Transposed();
        RowMatrix variance = a.Times(covariance).Times(a.Transposed());
        int rank = a.Rows;
        double mean = Enumerable.Range(0, rank).Sum(i => variance[i, i]) / rank;
        // Each rotation brings one channel to the mean and leaves it there.
        for (int turn = 0; turn < rank; turn++)
        {
            int high = 0, low = 0;
            for (int i = 1; i < rank; i++)
            {
                if (variance[i, i] > variance[high, high]) high = i;
                if (variance[i, i] < variance[low, low]) low = i;
            }

            double up = variance[high, high] - mean, down = variance[low, low] - mean, both = variance[high, low];
            if (!(up > mean * 1e-9) || !(down < -mean * 1e-9)) break;
            // (down)t² + 2(both)t + up = 0: the tangent with which the higher one becomes the mean.
            double root = Math.Sqrt((both * both) - (up * down));
            double tangent = up / (both >= 0 ? -both - root : -both + root);
            double cosine = 1 / Math.Sqrt(1 + (tangent * tangent)), sine = tangent * cosine;
            Rotate(a, high, low, cosine, sine);
            Rotate(columns, high, low, cosine, sine);
            Rotate(variance, high, low, cosine, sine);
            variance = variance.Transposed();
            Rotate(variance, high, low, cosine, sine);
        }

        return (a, columns.Transposed());
    }

    private static void Rotate(RowMatrix matrix, int high, int low, double cosine, double sine)
    {
        Span<double> x = matrix.Row(high), y = matrix.Row(low);
        for (int i = 0; i < x.Length; i++) (x[i], y[i]) = ((cosine * x[i]) + (sine * y[i]), (cosine * y[i]) - (sine * x[i]));
    }
}
