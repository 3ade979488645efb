using System.Globalization;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Techniques.Sparsity;

/// <summary>Chooses which units of which layers become zero, by their costs.</summary>
internal static class ZeroSelection
{
    /// <summary>Chooses the cheapest units.</summary>
    /// <param name="prices">
    /// For each layer, [bands × units]: what a zero costs for each weight of the unit. Layers that share a pool are comparable.
    /// </param>
    /// <param name="distribution">Whether layers of the pool may differ in their share.</param>
    /// <returns>A mask for each layer.</returns>
    /// <exception cref="CompilationException">A layer would become all zero.</exception>
    public static Mask[] Choose(IReadOnlyList<SparseLayer> layers, IReadOnlyList<double[]> prices, SparsityDistribution distribution)
    {
        bool[][] zeros = [.. prices.Select(p => new bool[p.Length])];
        int[] pool = [.. Enumerable.Range(0, layers.Count).Where(i => distribution == SparsityDistribution.Global && layers[i].IsPooled)];
        TakeCheapest(layers, prices, zeros, pool);
        for (int i = 0; i < layers.Count; i++)
        {
            if (layers[i].Layout.Pattern.Kind == SparsityKind.NM) TakeOfGroups(layers[i].Layout, prices[i], zeros[i]);
            else if (!pool.Contains(i)) TakeCheapest(layers, prices, zeros, [i]);
        }

        return [.. layers.Select((l, i) => new Mask(l.Layout.Expand(zeros[i]), l.Layout.Pattern))];
    }

    /// <summary>Takes units in ascending order of price until their weights are the share of all, to the nearest unit.</summary>
    private static void TakeCheapest(
        IReadOnlyList<SparseLayer> layers, IReadOnlyList<double[]> prices, bool[][] zeros, int[] among)
    {
        long total = among.Sum(i => (long)layers[i].Weights);
        long target = among.Sum(i => (long)Math.Round(layers[i].Share * layers[i].Weights)), taken = 0;
        long[] left = [.. layers.Select(l => (long)l.Weights)];
        int? emptied = null;
        foreach ((int layer, int unit) in Ascending(prices, among))
        {
            PatternLayout layout = layers[layer].Layout;
            int size = layout.SizeOf(unit / layout.Units.Count, unit % layout.Units.Count);
            if (2 * (target - taken) < size || taken == target) return;
            if (left[layer] == size)
            {
                emptied ??= layer;
                continue;
            }

            zeros[layer][unit] = true;
            left[layer] -= size;
            taken += size;
        }

        if (emptied is { } at)
        {
            throw SparsityDiagnostics.AllZero.Error(layers[at].Node.Label, Text(layers[at].Share), layers[at].Weights,
                Text(Math.Floor(1e4 * taken / total) / 1e4));
        }
    }

    /// <summary>Takes the cheapest M−N of each group.</summary>
    private static void TakeOfGroups(PatternLayout layout, double[] prices, bool[] zeros)
    {
        for (int start = 0; start < zeros.Length; start += layout.Units.Count)
        {
            foreach (int[] group in layout.Groups)
            {
                foreach (int unit in group.OrderBy(u => prices[start + u]).Take(layout.ZerosOf(group))) zeros[start + unit] = true;
            }
        }
    }

    /// <summary>All units of some layers in ascending order of price; equal ones in order of layer and unit.</summary>
    private static IEnumerable<(int Layer, int Unit)> Ascending(IReadOnlyList<double[]> prices, int[] among)
    {
        double[] keys = [.. among.SelectMany(i => prices[i])];
        int[] items = [.. Enumerable.Range(0, keys.Length)];
        (int Layer, int Unit)[] units = [.. among.SelectMany(i => prices[i].Select((_, unit) => (i, unit)))];
        Array.Sort(keys, items);
        for (int start = 0; start < keys.Length;)
        {
            int end = start + 1;
            while (end < keys.Length && keys[end] == keys[start]) end++;
            Array.Sort(items, start, end - start);
            for (; start < end; start++) yield return units[items[start]];
        }
    }

    private static string Text(double share) => share.ToString("0.####", CultureInfo.InvariantCulture);
}
