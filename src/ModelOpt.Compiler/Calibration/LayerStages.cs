using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Passes;

namespace ModelOpt.Compiler.Calibration;

/// <summary>
/// Walks layers in the order in which they run, so that each can make up for what those before it lost: its moments are taken behind
/// these as they have become.
/// </summary>
internal static class LayerStages
{
    /// <summary>Collects the moments of layers and compresses these, one after the other.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="layers">The layers, in graph order.</param>
    /// <param name="context">Names the data, and the float model.</param>
    /// <param name="phase">What progress calls it.</param>
    /// <param name="compress">Changes one layer, given its moments; may replace its constants, not its output's name.</param>
    public static void Run(
        Graph graph, IReadOnlyList<Node> layers, PassContext context, string phase, Action<Node, LayerMoments> compress)
    {
        using MomentCollector collector = new(graph, context.Reference!, context);
        for (int i = 0; i < layers.Count; i++)
        {
            var moments = collector.Collect([layers[i]], $"{phase} {i + 1}/{layers.Count}");
            context.Cancellation.ThrowIfCancellationRequested();
            if (moments.TryGetValue(layers[i], out LayerMoments? found)) compress(layers[i], found);
        }
    }
}
