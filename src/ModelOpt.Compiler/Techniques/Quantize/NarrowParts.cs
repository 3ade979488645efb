using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Finds movers that pick a narrow part of a far wider float input, such as one of several states out of the tensor that carries them all.
/// On the input's grid the part would have hardly any steps; moved in float it has a grid of its own.
/// </summary>
internal static class NarrowParts
{
    /// <summary>Why a node is left in float.</summary>
    public const string Reason = "it picks values that are more than 16 times narrower than those that it leaves";

    /// <summary>Finds them.</summary>
    /// <param name="scheme">The layers to quantize if none stays in float.</param>
    /// <param name="ranges">The range of each activation of the scheme.</param>
    /// <returns>The nodes to leave in float.</returns>
    public static HashSet<Node> Find(Graph graph, QuantizationScheme scheme, Func<Value, ValueRange> ranges)
    {
        HashSet<Node> found = [];
        HashSet<Value> inFloat = [.. graph.Inputs];
        foreach (Node node in scheme.Nodes.Where(n => IntegerForm.JoinsGrids(n) && inFloat.Contains(n.Input(0))))
        {
            float width = ranges(node.Input(0)).Width;
            bool isNarrow = node.Outputs.OfType<Value>().Select(v => ranges(v).Width).Any(w => w > 0 && WideConcats.AreApart(w, width));
            if (!isNarrow) continue;
            // All that pick from one input do so in float, or it would be on a grid after all.
            found.UnionWith(node.Input(0).Consumers.Where(scheme.Nodes.Contains));
        }

        return found;
    }
}
