using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Emit.Reports;

/// <summary>
/// Finds the pattern of a weight's zeros, even if rounding and clustering added others, and distinguishes it from chance.
/// </summary>
/// <remarks>
/// <para>
/// Blocks: let B be the share of blocks that are zero as a whole, p that of zeros, a the area of a block, C what chance gives. If all
/// zeros lie in whole blocks, B is p; if they lie anywhere, B is C. So κ = (B − C) / (p − C), as Cohen's kappa, is 1 and 0, and a pattern
/// is claimed from ¼ on. C is p^a or, where that is more, the share of the blocks that are zero on the grid displaced by
/// half a block: zeros that crowd in some channels, or in larger or smaller blocks than these, fill displaced blocks just as well. For
/// small weights there are two conditions more: of n blocks, chance makes so many zero less than once in a million, by Chernoff's bound
/// exp(−n·D(B‖p^a)) with D the divergence of Kullback and Leibler; and B and the share of the displaced grid differ by three
/// standard errors.
/// </para>
/// <para>
/// N:M: each whole group keeps to it, and chance would have made that less than once in a million: P(x ≤ N)^groups, x binomial of M and
/// 1 − p. (Zeros that crowd keep to it even less.)
/// </para>
/// </remarks>
internal static class PatternRecognition
{
    private const double LeastKappa = 0.25;

    // Of two block sizes within this of each other, the larger says more.
    private const double KappaTolerance = 0.02;

    private const double StandardErrors = 3;
    private static readonly double LogChance = Math.Log(1e-6);
    private static readonly int[] Sides = [1, 2, 4, 8, 16];

    /// <summary>
    /// The block with sides of powers of two up to 16 that zeros keep to best; else N:M for M of 2, 4, 8, 16, of these the one that
    /// demands most zeros.
    /// </summary>
    /// <param name="isZero">[outputs, taps, inputs] true for zero; some are, some are not.</param>
    /// <returns>The pattern, and how many of the zeros are those that it makes; null where none stands out of chance.</returns>
    public static (SparsityPattern Pattern, int Zeros)? Find(bool[] isZero, int outputs, int inputs)
    {
        double p = (double)isZero.Count(z => z) / isZero.Length;
        var blocks = (from rows in Sides
                      from columns in Sides
                      where rows * columns > 1 && rows <= outputs && columns <= inputs
                      let kappa = Kappa(isZero, outputs, inputs, rows, columns, p)
                      where kappa >= LeastKappa
                      select (Rows: rows, Columns: columns, Kappa: kappa)).ToList();
        if (blocks.Count == 0) return FindGroups(isZero, inputs, p);

        // Whole blocks may happen to be N:M too; they say more.
        double most = blocks.Max(b => b.Kappa);
        (int r, int c, _) = blocks.Where(b => b.Kappa >= most - KappaTolerance).OrderByDescending(b => b.Rows * b.Columns)
            .ThenByDescending(b => b.Kappa).ThenByDescending(b => b.Columns).First();
        return (new SparsityPattern(SparsityKind.Block, r, c), InZeroBlocks(isZero, outputs, inputs, r, c));
    }

    private static double Kappa(bool[] isZero, int outputs, int inputs, int rows, int columns, double p)
    {
        (double share, int count) = ZeroBlocks(isZero, outputs, inputs, rows, columns, 0, 0);
        double chance = Math.Pow(p, rows * columns);
        if (share <= chance || count * Divergence(share, chance) < -LogChance) return 0;

        double displaced = 0;
        if (rows > 1) displaced = ZeroBlocks(isZero, outputs, inputs, rows, columns, rows / 2, 0).Share;
        if (columns > 1) displaced = Math.Max(displaced, ZeroBlocks(isZero, outputs, inputs, rows, columns, 0, columns / 2).Share);
        if (share - displaced < StandardErrors * Math.Sqrt(2 * displaced * (1 - displaced) / count)) return 0;

        chance = Math.Max(chance, displaced);
        // Where channels end within a block, whole blocks may be sparser than the weight.
        return (share - chance) / (Math.Max(p, share) - chance);
    }

    private static (SparsityPattern Pattern, int Zeros)? FindGroups(bool[] isZero, int inputs, double p)
    {
        (SparsityPattern Pattern, int Zeros)? best = null;
        foreach (int m in Sides.Where(m => m > 1 && m <= inputs))
        {
            (int kept, int groups) = Densest(isZero, inputs, m);
            int zeros = groups * (m - kept);
            // Wide groups of few zeros follow from narrow ones of more, also where some of these are broken.
            if (m > 4 && kept > m / 2) continue;
            if (zeros <= (best?.Zeros ?? 0) || groups * Math.Log(AtMost(kept, m, 1 - p)) > LogChance) continue;
            best = (new SparsityPattern(SparsityKind.NM, kept, m), zeros);
        }

        return best;
    }

    /// <summary>The divergence of Kullback and Leibler of one share from another, a &gt; b, in nats.</summary>
    private static double Divergence(double a, double b) =>
        (a * Math.Log(a / b)) + (a == 1 ? 0 : (1 - a) * Math.Log((1 - a) / (1 - b)));

    /// <summary>The binomial distribution: how probably at most some of several happen, each of a probability.</summary>
    private static double AtMost(int some, int several, double probability)
    {
        double sum = 0, term = Math.Pow(1 - probability, several);
        for (int k = 0; k <= some; k++)
        {
            sum += term;
            term *= (several - k) * probability / ((k + 1) * (1 - probability));
        }

        return Math.Min(1, sum);
    }

    /// <summary>The most elements other than zero in any whole group, and how many groups there are.</summary>
    private static (int Kept, int Groups) Densest(bool[] isZero, int inputs, int size)
    {
        int kept = 0, groups = 0;
        for (int row = 0; row < isZero.Length; row += inputs)
        {
            for (int c = 0; c + size <= inputs; c += size)
            {
                groups++;
                kept = Math.Max(kept, isZero.AsSpan(row + c, size).Count(false));
            }
        }

        return (kept, groups);
    }

    /// <summary>
    /// The share of whole blocks that are zero, on the grid that begins at an output and an input, and how many blocks it has.
    /// </summary>
    private static (double Share, int Count) ZeroBlocks(
        bool[] isZero, int outputs, int inputs, int rows, int columns, int firstOutput, int firstInput)
    {
        int perOutput = isZero.Length / outputs, zero = 0, count = 0;
        for (int o = firstOutput; o + rows <= outputs; o += rows)
        {
            for (int tap = 0; tap < perOutput; tap += inputs)
            {
                for (int c = firstInput; c + columns <= inputs; c += columns, count++)
                    if (IsZero(isZero, perOutput, o, tap + c, rows, columns)) zero++;
            }
        }

        return (count == 0 ? 0 : (double)zero / count, count);
    }

    /// <summary>Zeros in blocks that are zero as a whole; at the end of the channels blocks are cut off.</summary>
    private static int InZeroBlocks(bool[] isZero, int outputs, int inputs, int rows, int columns)
    {
        int perOutput = isZero.Length / outputs, found = 0;
        for (int o = 0; o < outputs; o += rows)
        {
            int height = Math.Min(rows, outputs - o);
            for (int tap = 0; tap < perOutput; tap += inputs)
            {
                for (int c = 0; c < inputs; c += columns)
                {
                    int width = Math.Min(columns, inputs - c);
                    if (IsZero(isZero, perOutput, o, tap + c, height, width)) found += height * width;
                }
            }
        }

        return found;
    }

    private static bool IsZero(bool[] isZero, int perOutput, int output, int column, int rows, int columns)
    {
        for (int r = 0; r < rows; r++)
            if (isZero.AsSpan(((output + r) * perOutput) + column, columns).Contains(false)) return false;
        return true;
    }
}
