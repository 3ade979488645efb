namespace ModelOpt.Compiler.Techniques.LowRank;

/// <summary>
/// How many singular values of a matrix stand out of noise: the global analytic solution of empirical variational Bayesian matrix
/// factorization with unknown noise variance (Nakajima, Sugiyama, Babacan and Tomioka, "Global Analytic Solution of Fully-observed
/// Variational Bayesian Matrix Factorization", JMLR 14, 2013).
/// </summary>
internal static class Evbmf
{
    private const int Trials = 400;

    /// <summary>The rank of a matrix, from all its singular values.</summary>
    /// <param name="squares">The squares of the singular values, descending; min(rows, columns) of them.</param>
    public static int Rank(ReadOnlySpan<double> squares, int rows, int columns)
    {
        int small = Math.Min(rows, columns), large = Math.Max(rows, columns);
        double total = 0;
        foreach (double square in squares) total += Math.Max(0, square);
        if (!(total > 0)) return 0;
        double alpha = (double)small / large, tau = Tau(alpha), limit = (1 + tau) * (1 + (alpha / tau));
        double[] values = squares.ToArray();

        // The noise variance lies between these; the free energy is searched there, first on a grid, then between its neighbours.
        int most = Math.Max(0, Math.Min((int)Math.Ceiling(small / (1 + alpha)) - 1, small) - 1);
        double tail = values.Skip(most + 1).DefaultIfEmpty(0).Sum() / Math.Max(1, small - most - 1);
        double high = total / ((double)small * large);
        double low = Math.Max(values[Math.Min(most + 1, small - 1)] / (large * limit), tail / large);
        low = Math.Max(low, high * 1e-12);
        double ratio = Math.Pow(high / low, 1.0 / Trials), best = low;
        for (int i = 0; i <= Trials; i++)
        {
            double noise = low * Math.Pow(ratio, i);
            if (FreeEnergy(noise, values, large, alpha, limit) < FreeEnergy(best, values, large, alpha, limit)) best = noise;
        }

        double from = best / ratio, to = best * ratio;
        for (int i = 0; i < 60; i++)
        {
            double left = from + ((to - from) / 3), right = to - ((to - from) / 3);
            if (FreeEnergy(left, values, large, alpha, limit) <= FreeEnergy(right, values, large, alpha, limit)) to = right;
            else from = left;
        }

        double threshold = large * ((from + to) / 2) * limit;
        return values.Count(v => v > threshold);
    }

    /// <summary>The free energy of a noise variance, up to what does not depend on it (their equation 27).</summary>
    internal static double FreeEnergy(double noise, ReadOnlySpan<double> squares, int large, double alpha, double limit)
    {
        double sum = 0;
        foreach (double square in squares)
        {
            double x = Math.Max(square / (large * noise), 1e-300);
            sum += x - Math.Log(x);
            if (x <= limit) continue;
            double rest = x - (1 + alpha), tau = (rest + Math.Sqrt((rest * rest) - (4 * alpha))) / 2;
            sum += Math.Log(tau + 1) + (alpha * Math.Log((tau / alpha) + 1)) - tau;
        }

        return sum;
    }

    /// <summary>The zero of Φ(τ) + Φ(τ/α), Φ(z) = log(z + 1)/z − ½, by bisection; near 2.5129·√α.</summary>
    internal static double Tau(double alpha)
    {
        double low = 1e-9, high = 100;
        for (int i = 0; i < 200; i++)
        {
            double middle = (low + high) / 2;
            if (Phi(middle) + Phi(middle / alpha) > 0) low = middle;
            else high = middle;
        }

        return (low + high) / 2;

        static double Phi(double z) => (Math.Log(z + 1) / z) - 0.5;
    }
}
