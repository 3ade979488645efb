using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Calibration;

/// <summary>
/// Walks layers in the order in which they run, so that each can compensate for what earlier layers lost: its moments come from the model
/// as it is by then. Layers that share a weight are one step, at the place of the first.
/// </summary>
internal static class LayerStages
{
    /// <summary>How often a layer is refined: each time the fit gains about half of what it gained before.</summary>
    private const int Refinements = 4;

    /// <summary>Collects the moments of layers and compresses these, one after the other.</summary>
    /// <param name="context">Names the data, and the float model.</param>
    /// <param name="compress">Changes one layer, given its moments; may replace its constants, not its output's name.</param>
    /// <param name="refine">
    /// Changes the constants of a layer that an activation follows, given moments that know where the activation forgives the layer as it
    /// is by now; or null.
    /// </param>
    public static void Run(
        Graph graph, IReadOnlyList<Node> layers, PassContext context, string phase, Action<Node, LayerMoments> compress,
        Action<Node, LayerMoments>? refine = null)
    {
        using MomentCollector collector = new(graph, context.Reference!, context);
        for (int i = 0; i < layers.Count; i++)
        {
            Node layer = layers[i];
            string progress = $"{phase} {i + 1}/{layers.Count}";
            if (!collector.Collect([layer], progress).TryGetValue(layer, out LayerMoments? moments)) continue;
            context.Cancellation.ThrowIfCancellationRequested();
            compress(layer, moments);
            for (int round = 0; refine is not null && round < Refinements; round++)
            {
                if (collector.CollectAgain(layer, moments, progress) is not { } forgiving) break;
                refine(layer, forgiving);
            }
        }
    }
}
