using System.Collections.Concurrent;
using MathNet.Numerics.LinearAlgebra;
using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Numerics;
using Doubles = System.Numerics.Vector<double>;

namespace ModelOpt.Compiler.Techniques.Sparsity;

/// <summary>
/// Prices zeros for which the other weights compensate (optimal brain compression, Frantar and Alistarh 2022): eliminates, in each band,
/// the unit that raises the output's squared error least, <c>δ = w_u (A⁻¹_uu)⁻¹ w_uᵀ</c>; then the others move by
/// <c>−w_u (A⁻¹_uu)⁻¹ A⁻¹_u:</c> and A⁻¹ loses the unit; and so on until none is left.
/// </summary>
internal static class SecondOrderPrices
{
    /// <summary>
    /// How many multiplications the elimination of a layer may take: some seconds. A larger layer's columns are parted, and each part
    /// is eliminated as if the others stayed; by how much that is too cheap, some bands tell that are eliminated whole.
    /// </summary>
    public const double MostWork = 5e9;

    /// <summary>The share of it that bands may take which are eliminated whole; one is in any case.</summary>
    private const double WholeShare = 0.5;

    /// <summary>The price of each unit, as a share of the variance of the layer's output.</summary>
    /// <param name="weight">The weights that the elimination begins with, where the error is least: [outputs, inputs].</param>
    /// <param name="mostWork">How many multiplications it may take in each group.</param>
    /// <returns>[bands × units], for each weight of the unit; of N:M, infinite for those that stay.</returns>
    public static double[] Of(PatternLayout layout, LayerQuadratic[] quadratics, float[] weight, Workers workers,
        double mostWork = MostWork)
    {
        double[] prices = new double[layout.Bands * layout.Units.Count];
        double energy = 0;
        int bands = layout.Bands / quadratics.Length;
        for (int group = 0; group < quadratics.Length; group++)
        {
            LayerQuadratic quadratic = quadratics[group];
            energy += quadratic.Energy(weight.AsSpan(group * quadratic.Rows * quadratic.Columns, quadratic.Rows * quadratic.Columns));
            double[] inverse = quadratic.Factor.Solve(Matrix<double>.Build.DenseIdentity(quadratic.Columns)).ToColumnMajorArray();
            SetPrices(layout, (group * bands, (group + 1) * bands), weight, inverse, prices, mostWork, workers);
        }

        for (int i = 0; i < prices.Length && energy > 0; i++) prices[i] /= energy;
        return prices;
    }

    private static void SetPrices(
        PatternLayout layout, (int First, int End) bands, float[] weight, double[] inverse, double[] prices, double mostWork,
        Workers workers)
    {
        int columns = layout.Columns, units = layout.Units.Count, width = WidthOf(layout, bands.End - bands.First, mostWork);
        int[] all = [.. Enumerable.Range(bands.First, bands.End - bands.First)];
        for (int start = 0; start < columns; start += width)
            Eliminate(layout, new Part(layout, start, Math.Min(columns, start + width)), all, weight, inverse, prices, workers);
        if (width >= columns || layout.Groups.Count > 0) return;
        int count = (int)Math.Clamp(WholeShare * mostWork / Work(columns), 1, all.Length);
        int[] some = [.. Enumerable.Range(0, count).Select(i => all[(int)((i + 0.5) * all.Length / count)])];
        double[] whole = new double[prices.Length];
        Eliminate(layout, new Part(layout, 0, columns), some, weight, inverse, whole, workers);
        double[] factors = Factors(some.Select(b => (prices.AsSpan(b * units, units).ToArray(), whole.AsSpan(b * units, units).ToArray())),
            units);
        foreach (int band in all) Multiply(prices.AsSpan(band * units, units), factors);
    }

    private static void Eliminate(
        PatternLayout layout, Part part, int[] bands, float[] weight, double[] inverse, double[] prices, Workers workers)
    {
        double[] partInverse = new double[part.Width * part.Width];
        for (int i = 0; i < part.Width; i++)
            inverse.AsSpan(((part.Start + i) * layout.Columns) + part.Start, part.Width).CopyTo(partInverse.AsSpan(i * part.Width));
        ConcurrentBag<Elimination> idle = [];
        workers.For(bands.Length, i =>
        {
            if (!idle.TryTake(out Elimination? elimination)) elimination = new Elimination(layout, part);
            elimination.Run(bands[i], weight, partInverse, prices.AsSpan(bands[i] * layout.Units.Count, layout.Units.Count));
            idle.Add(elimination);
        });
    }

    /// <summary>
    /// How many times what parts say the n-th cheapest unit costs in the whole, for each n, over some bands. It does not fall, as the more
    /// units are gone in other parts, the more is missed: so the order of a band's units stays (isotonic regression by pooling
    /// adjacent violators, Ayer et al. 1955).
    /// </summary>
    private static double[] Factors(IEnumerable<(double[] Parts, double[] Whole)> bands, int units)
    {
        double[] parts = new double[units], whole = new double[units];
        foreach ((double[] inParts, double[] inWhole) in bands)
        {
            Array.Sort(inParts);
            Array.Sort(inWhole);
            for (int i = 0; i < units; i++)
            {
                parts[i] += inParts[i];
                whole[i] += inWhole[i];
            }
        }

        Stack<(double Parts, double Whole, int Count)> pools = [];
        for (int i = 0; i < units; i++)
        {
            (double Parts, double Whole, int Count) pool = (parts[i], whole[i], 1);
            while (pools.TryPeek(out var last) && pool.Whole * last.Parts <= last.Whole * pool.Parts)
            {
                pools.Pop();
                pool = (last.Parts + pool.Parts, last.Whole + pool.Whole, last.Count + pool.Count);
            }

            pools.Push(pool);
        }

        return [.. pools.Reverse().SelectMany(p => Enumerable.Repeat(p.Parts > 0 ? p.Whole / p.Parts : 1, p.Count))];
    }

    private static void Multiply(Span<double> prices, double[] factors)
    {
        double[] sorted = prices.ToArray();
        int[] order = [.. Enumerable.Range(0, sorted.Length)];
        Array.Sort(sorted, order);
        for (int i = 0; i < order.Length; i++) prices[order[i]] *= factors[i];
    }

    /// <summary>The multiplications that the elimination of a band of so many columns takes.</summary>
    private static double Work(double columns) => columns * columns * columns / 4;

    /// <summary>How many columns are eliminated together.</summary>
    private static int WidthOf(PatternLayout layout, int bands, double mostWork)
    {
        int parts = 1;
        while (bands * parts * Work((double)layout.Columns / parts) > mostWork) parts++;
        int width = (layout.Columns + parts - 1) / parts;
        return (width + layout.ColumnStep - 1) / layout.ColumnStep * layout.ColumnStep;
    }

    /// <summary>Columns that are eliminated together, and the units in them.</summary>
    private sealed class Part(PatternLayout layout, int start, int end)
    {
        public int Start => start;

        public int Width => end - start;

        public int[] Units { get; } = [
            .. Enumerable.Range(0, layout.Units.Count).Where(u => layout.Units[u][0] >= start && layout.Units[u][0] < end)];
    }

    /// <summary>The elimination of one band after another, in memory of its own.</summary>
    private sealed class Elimination
    {
        private readonly PatternLayout _layout;
        private readonly Part _part;
        private readonly int[][] _units;
        private readonly int[] _groupOf;
        private readonly int[] _room;
        private readonly double[] _inverse;
        private readonly double[] _pivot;
        private readonly bool[] _gone;
        private double[] _weights = [];
        private int _rows;

        public Elimination(PatternLayout layout, Part part)
        {
            (_layout, _part) = (layout, part);
            _units = [.. part.Units.Select(u => Array.ConvertAll(layout.Units[u], c => c - part.Start))];
            _inverse = new double[part.Width * part.Width];
            _pivot = new double[part.Width];
            _gone = new bool[part.Width];
            _room = new int[layout.Groups.Count];
            _groupOf = new int[layout.Units.Count];
            for (int g = 0; g < layout.Groups.Count; g++)
            {
                foreach (int unit in layout.Groups[g]) _groupOf[unit] = g;
            }
        }

        /// <summary>Sets the prices of a band's units that lie in the part.</summary>
        public void Run(int band, float[] weight, double[] start, Span<double> prices)
        {
            int n = _part.Width;
            start.CopyTo(_inverse, 0);
            Array.Clear(_gone);
            (int first, int end) = _layout.RowsOf(band);
            _rows = end - first;
            if (_weights.Length != _rows * n) _weights = new double[_rows * n];
            for (int i = 0; i < _weights.Length; i++) _weights[i] = weight[((first + (i / n)) * _layout.Columns) + _part.Start + (i % n)];
            for (int g = 0; g < _room.Length; g++) _room[g] = _layout.ZerosOf(_layout.Groups[g]);
            bool[] done = new bool[_units.Length];
            double highest = double.NegativeInfinity;
            for (int step = 0; step < _units.Length; step++)
            {
                int best = -1;
                double least = double.PositiveInfinity;
                for (int u = 0; u < _units.Length; u++)
                {
                    if (done[u]) continue;
                    if (_room.Length > 0 && _room[_groupOf[_part.Units[u]]] == 0) continue;
                    double loss = Loss(_units[u]) / _units[u].Length / _rows;
                    if (best >= 0 && !(loss < least)) continue;
                    (best, least) = (u, loss);
                }

                if (best < 0) break;
                // Prices rise, so that whoever takes the cheapest first takes them in this order.
                highest = Math.Max(least, Math.BitIncrement(highest));
                prices[_part.Units[best]] = highest;
                done[best] = true;
                if (_room.Length > 0) _room[_groupOf[_part.Units[best]]]--;
                foreach (int column in _units[best]) Eliminate(column);
            }

            for (int u = 0; u < _units.Length; u++)
            {
                if (!done[u]) prices[_part.Units[u]] = double.PositiveInfinity;
            }
        }

        /// <summary>By how much the squared error rises when a unit becomes zero and all others move, summed over the rows.</summary>
        private double Loss(int[] unit)
        {
            int n = _part.Width, m = unit.Length;
            double loss = 0;
            if (m == 1)
            {
                double diagonal = _inverse[(unit[0] * n) + unit[0]];
                for (int row = 0; row < _rows; row++) loss += _weights[(row * n) + unit[0]] * _weights[(row * n) + unit[0]] / diagonal;
                return loss;
            }

            // Cholesky L of the unit's part of the inverse; the loss is |L⁻¹ w|². The upper triangle is the one that is kept.
            Span<double> factor = stackalloc double[m * m], solved = stackalloc double[m];
            for (int i = 0; i < m; i++)
            {
                for (int j = 0; j <= i; j++)
                {
                    double sum = _inverse[(unit[j] * n) + unit[i]];
                    for (int k = 0; k < j; k++) sum -= factor[(i * m) + k] * factor[(j * m) + k];
                    factor[(i * m) + j] = i == j ? Math.Sqrt(Math.Max(sum, double.Epsilon)) : sum / factor[(j * m) + j];
                }
            }

            for (int row = 0; row < _rows; row++)
            {
                for (int i = 0; i < m; i++)
                {
                    double sum = _weights[(row * n) + unit[i]];
                    for (int k = 0; k < i; k++) sum -= factor[(i * m) + k] * solved[k];
                    solved[i] = sum / factor[(i * m) + i];
                    loss += solved[i] * solved[i];
                }
            }

            return loss;
        }

        /// <summary>Makes a column zero: the other weights move, and the inverse becomes that of the matrix without it.</summary>
        private void Eliminate(int column)
        {
            int n = _part.Width;
            _gone[column] = true;
            double diagonal = _inverse[(column * n) + column];
            for (int i = 0; i < column; i++) _pivot[i] = _gone[i] ? 0 : _inverse[(i * n) + column];
            for (int i = column; i < n; i++) _pivot[i] = _gone[i] ? 0 : _inverse[(column * n) + i];
            for (int row = 0; row < _rows; row++)
            {
                Span<double> w = _weights.AsSpan(row * n, n);
                Subtract(w, _pivot, w[column] / diagonal);
                w[column] = 0;
            }

            for (int i = 0; i < n; i++)
            {
                if (!_gone[i]) Subtract(_inverse.AsSpan((i * n) + i, n - i), _pivot.AsSpan(i), _pivot[i] / diagonal);
            }
        }

        /// <summary>Subtracts a multiple; the same bits on every processor, as nothing is fused and no sum is formed.</summary>
        private static void Subtract(Span<double> from, ReadOnlySpan<double> what, double factor)
        {
            int i = 0;
            var factors = new Doubles(factor);
            for (; i <= from.Length - Doubles.Count; i += Doubles.Count)
                (new Doubles(from[i..]) - (new Doubles(what[i..]) * factors)).CopyTo(from[i..]);
            for (; i < from.Length; i++) from[i] -= what[i] * factor;
        }
    }
}
