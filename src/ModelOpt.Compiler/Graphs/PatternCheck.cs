namespace ModelOpt.Compiler.Graphs;

/// <summary>Whether zeros keep to a <see cref="SparsityPattern"/>.</summary>
internal static class PatternCheck
{
    /// <summary>The first output channel that breaks the pattern.</summary>
    /// <param name="isZero">Whether the element at a position is zero.</param>
    /// <param name="dims">[out, in, taps…] of the weight.</param>
    /// <returns>
    /// The channel, or null where all keep to it. For blocks the mask itself must be made of whole blocks, as a block that was
    /// kept may hold zeros by chance: see <see cref="IsWhole"/>.
    /// </returns>
    public static int? FirstBroken(SparsityPattern pattern, Func<int, bool> isZero, IReadOnlyList<int> dims)
    {
        if (pattern.Kind != SparsityKind.NM) return null;
        int outputs = dims[0], inputs = dims[1], taps = dims.Skip(2).Aggregate(1, (a, b) => a * b);
        for (int o = 0; o < outputs; o++)
        {
            for (int t = 0; t < taps; t++)
            {
                for (int first = 0; first < inputs; first += pattern.Columns)
                {
                    int kept = 0;
                    for (int i = first; i < Math.Min(inputs, first + pattern.Columns); i++)
                    {
                        if (!isZero((((o * inputs) + i) * taps) + t)) kept++;
                    }

                    if (kept > pattern.Rows) return o;
                }
            }
        }

        return null;
    }

    /// <summary>Whether a mask of a block pattern is made of whole blocks.</summary>
    /// <param name="dims">[out, in, taps…] of the weight.</param>
    public static bool IsWhole(Mask mask, IReadOnlyList<int> dims)
    {
        if (mask.Pattern.Kind != SparsityKind.Block) return true;
        int outputs = dims[0], inputs = dims[1], taps = dims.Skip(2).Aggregate(1, (a, b) => a * b);
        (int rows, int columns) = (mask.Pattern.Rows, mask.Pattern.Columns);
        for (int at = 0; at < mask.Zeros.Count; at++)
        {
            int o = at / (inputs * taps), i = at / taps % inputs, t = at % taps;
            int corner = (((o / rows * rows * inputs) + (i / columns * columns)) * taps) + t;
            if (mask.Zeros[at] != mask.Zeros[corner]) return false;
        }

        return outputs > 0;
    }
}
