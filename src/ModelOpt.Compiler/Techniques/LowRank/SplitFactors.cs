using ModelOpt.Compiler.Numerics;

namespace ModelOpt.Compiler.Techniques.LowRank;

/// <summary>
/// Two factors for one split of a weight: <c>W'[o, (n, s)] = Σ_q B[o, (q, s)] · A[q, n]</c>, fitted to a <see cref="LayerTarget"/>.
/// Where s has one value the start is the optimum (principal components of the output, Zhang et al., "Accelerating Very Deep
/// Convolutional Networks", 2015); otherwise it is a weighted SVD of the unfolded weight (Jaderberg et al. 2014, Tai et al. 2016),
/// and both factors are refitted in turn by least squares.
/// </summary>
internal sealed class SplitFactors
{
    // Steps of conjugate gradients for the first factor; each refit begins where the last one ended.
    private const int Steps = 8;
    private const double Tiny = 1e-11;

    private readonly int _outputs, _first, _second;
    private readonly double _energy;
    private readonly RowMatrix _weight, _covariance, _response, _taps;
    private CholeskyFactor? _inputs;
    private RowMatrix? _components;

    /// <summary>Prepares a split.</summary>
    public SplitFactors(LayerTarget target, TapSplit split)
    {
        (_outputs, _first, _second, _energy) = (target.Shape.Outputs, split.First, split.Second, target.Energy);
        _weight = target.Weight.Columnwise(split.Order);
        _response = target.Response.Columnwise(split.Order);
        _covariance = new RowMatrix(split.Order.Length, split.Order.Length, target.Covariance.Workers);
        for (int k = 0; k < split.Order.Length; k++)
        {
            ReadOnlySpan<double> row = target.Covariance.Row(split.Order[k]);
            for (int j = 0; j < split.Order.Length; j++) _covariance[k, j] = row[split.Order[j]];
        }

        _taps = ByTap(_weight);
        InputCovariance = _second == 1 ? _covariance : MeanOverTaps(_covariance);
    }

    /// <summary>Covariance of the first factor's input, mean over the taps s, [n, n].</summary>
    public RowMatrix InputCovariance { get; }

    /// <summary>The weight unfolded, [(out, s), n].</summary>
    public RowMatrix Taps => _taps;

    /// <summary>The most channels that can be of use.</summary>
    public int FullRank => Math.Min(_first, _outputs * _second);

    /// <summary>A first factor of the given rank to begin with, [q, n].</summary>
    public RowMatrix Start(int rank) => (_components ??= Components()).Top(rank);

    /// <summary>The best second factor, from the moments of its input.</summary>
    /// <param name="a">The first factor, [q, n].</param>
    /// <returns>B [out, (q, s)]; E[y φᵀ] of the same size; E[φ φᵀ], φ the input of B; and the error as a share of the energy.</returns>
    public (RowMatrix B, RowMatrix Cross, RowMatrix Moment, double Error) Second(RowMatrix a)
    {
        RowMatrix wide = new(a.Rows * _second, _first * _second);
        for (int q = 0; q < a.Rows; q++)
        for (int s = 0; s < _second; s++)
        for (int n = 0; n < _first; n++)
            wide[(q * _second) + s, (n * _second) + s] = a[q, n];
        RowMatrix moment = wide.Times(wide.Times(_covariance).Transposed());
        RowMatrix cross = wide.Times(_response.Transposed()).Transposed();
        RowMatrix b = CholeskyFactor.Of(moment, Tiny).SolveRows(cross);
        return (b, cross, moment, _energy > 0 ? Math.Max(0, 1 - (cross.Dot(b) / _energy)) : 0);
    }

    /// <summary>
    /// A better first factor for a second one: some steps of conjugate gradients, preconditioned by the inputs' covariance.
    /// </summary>
    public RowMatrix First(RowMatrix a, RowMatrix b)
    {
        RowMatrix byTap = SecondByTap(b), toRank = byTap.Transposed();
        _inputs ??= CholeskyFactor.Of(InputCovariance, 1e-8);
        a = new RowMatrix(a.Rows, a.Columns, (double[])a.Data.Clone(), a.Workers);
        RowMatrix residual = toRank.Times(ByTap(_response)).Minus(Normal(a));
        RowMatrix conditioned = _inputs.SolveRows(residual), direction = conditioned;
        double slope = residual.Dot(conditioned), start = slope;
        for (int step = 0; step < Steps && slope > start * 1e-10 && slope > 0; step++)
        {
            RowMatrix curved = Normal(direction);
            double curvature = direction.Dot(curved);
            if (!(curvature > 0)) break;
            double length = slope / curvature;
            RowMatrix.AddScaled(a.Data, length, direction.Data);
            RowMatrix.AddScaled(residual.Data, -length, curved.Data);
            conditioned = _inputs.SolveRows(residual);
            double next = residual.Dot(conditioned);
            RowMatrix turned = new(a.Rows, a.Columns, (double[])conditioned.Data.Clone(), conditioned.Workers);
            RowMatrix.AddScaled(turned.Data, next / slope, direction.Data);
            (direction, slope) = (turned, next);
        }

        return a;

        RowMatrix Normal(RowMatrix x) => toRank.Times(ByTap(ByOutput(byTap.Times(x)).Times(_covariance)));
    }

    /// <summary>The weight that two factors make, in the order (n, s).</summary>
    public RowMatrix Composed(RowMatrix a, RowMatrix b) => ByOutput(SecondByTap(b).Times(a));

    /// <summary>B [out, (q, s)] as [(out, s), q].</summary>
    public RowMatrix SecondByTap(RowMatrix b) => Regrouped(b, _outputs, b.Columns / _second, _second);

    /// <summary>The opposite of <see cref="SecondByTap"/>.</summary>
    /// <param name="byTap">B as [(out, s), q].</param>
    public RowMatrix SecondByOutput(RowMatrix byTap) => ByOutput(byTap);

    // [out, (n, s)] as [(out, s), n].
    private RowMatrix ByTap(RowMatrix byOutput) => Regrouped(byOutput, _outputs, _first, _second);

    private static RowMatrix Regrouped(RowMatrix matrix, int outputs, int inner, int taps)
    {
        if (taps == 1) return matrix;
        RowMatrix result = new(outputs * taps, inner, matrix.Workers);
        for (int o = 0; o < outputs; o++)
        for (int n = 0; n < inner; n++)
        for (int s = 0; s < taps; s++)
            result[(o * taps) + s, n] = matrix[o, (n * taps) + s];
        return result;
    }

    private RowMatrix ByOutput(RowMatrix byTap)
    {
        if (_second == 1) return byTap;
        RowMatrix result = new(_outputs, byTap.Columns * _second, byTap.Workers);
        for (int o = 0; o < _outputs; o++)
        for (int n = 0; n < byTap.Columns; n++)
        for (int s = 0; s < _second; s++)
            result[o, (n * _second) + s] = byTap[(o * _second) + s, n];
        return result;
    }

    private RowMatrix MeanOverTaps(RowMatrix moments)
    {
        RowMatrix mean = new(_first, _first, moments.Workers);
        for (int n = 0; n < _first; n++)
        for (int m = 0; m < _first; m++)
        {
            double sum = 0;
            for (int s = 0; s < _second; s++) sum += moments[(n * _second) + s, (m * _second) + s];
            mean[n, m] = sum / _second;
        }

        return mean;
    }

    /// <summary>All rows that <see cref="Start"/> chooses from: the projections of the taps on their principal directions.</summary>
    private RowMatrix Components()
    {
        if (_outputs * _second <= _first)
        {
            RowMatrix outputCovariance = _taps.Times(InputCovariance).Times(_taps.Transposed());
            return SymmetricEigen.Of(outputCovariance).Vectors.Times(_taps);
        }

        // The smaller of the two Gram matrices has the same eigenvalues: U TᵀT Uᵀ, with UᵀU the covariance.
        RowMatrix upper = CholeskyFactor.Of(InputCovariance, 1e-12).Upper;
        RowMatrix gram = _taps.Transposed().Times(_taps);
        SymmetricEigen eigen = SymmetricEigen.Of(upper.Times(gram).Times(upper.Transposed()));
        RowMatrix rows = eigen.Vectors.Times(upper).Times(gram);
        for (int q = 0; q < rows.Rows; q++)
        {
            double length = Math.Sqrt(Math.Max(eigen.Values[q], eigen.Values[0] * Tiny));
            foreach (ref double element in rows.Row(q)) element /= length > 0 ? length : 1;
        }

        return rows;
    }
}
