using System.Globalization;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Emit.Reports;

/// <summary>Summarizes the techniques that took effect in a model.</summary>
internal static class Techniques
{
    // Layers that change only because shapes are rounded to whole channels do not count.
    private const double LeastMacsRemoved = 0.005;

    /// <summary>The form of the numbers; then, where it was done, zeros, clusters and the multiply-accumulates that were removed.</summary>
    public static IReadOnlyList<string> Of(Graph graph, long before, long after)
    {
        List<Value> weights = [.. graph.Nodes.SelectMany(WeightStatistics.AllOf)];
        var techniques = new List<string> { FormOf(graph, weights) };

        SparsityPattern[] patterns = [.. weights.Select(w => w.Constraints?.Mask?.Pattern).OfType<SparsityPattern>().Distinct()];
        if (patterns.Length > 0)
        {
            long zeros = weights.Sum(w => (long)w.Constant!.Span<float>().Count(0)), count = weights.Sum(w => (long)w.Constant!.Count);
            string pattern = patterns is [{ Kind: not SparsityKind.Unstructured } only] ? $" ({only})" : "";
            techniques.Add(string.Create(CultureInfo.InvariantCulture, $"{100.0 * zeros / count:0} % sparse{pattern}"));
        }

        Codebook[] codebooks = [.. weights.Select(w => w.Constraints?.Codebook).OfType<Codebook>()];
        if (codebooks.Length > 0)
        {
            string scope = codebooks.All(c => c.Scope == ClusterScope.Channel) ? " per channel" : "";
            techniques.Add(string.Create(CultureInfo.InvariantCulture, $"{codebooks.Max(c => c.Clusters)} clusters{scope}"));
        }

        double removed = before == 0 ? 0 : 1 - ((double)after / before);
        if (removed >= LeastMacsRemoved)
            techniques.Add(string.Create(CultureInfo.InvariantCulture, $"{100 * removed:0} % fewer MACs"));
        return techniques;
    }

    /// <summary>The form of most weights; int8 alone means activations too.</summary>
    private static string FormOf(Graph graph, List<Value> weights)
    {
        if (graph.Values.Any(v => !v.IsConstant && v.Quantization is not null)) return "int8";
        return weights.GroupBy(w => w.Quantization?.Type ?? ElementType.Float32).OrderByDescending(g => g.Sum(w => (long)w.Constant!.Count))
            .ThenBy(g => g.Key).Select(g => g.Key).FirstOrDefault(ElementType.Float32) switch
        {
            ElementType.Int8 => "weight-only int8",
            ElementType.Float16 => "float16",
            _ => "float32",
        };
    }
}
