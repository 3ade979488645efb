using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Passes;

namespace ModelOpt.Compiler.Calibration;

/// <summary>
/// Walks layers in the order in which they run, some at a time, so that later ones can make up for what earlier ones lost: the
/// moments of each stage are taken behind the layers of all earlier stages as these have become.
/// </summary>
internal static class LayerStages
{
    /// <summary>At most how many stages; each runs all samples up to its layers.</summary>
    private const int Stages = 16;

    /// <summary>At most how many bytes the moments of a stage take, where a stage has several layers.</summary>
    private const long StageBytes = 1L << 29;

    /// <summary>Collects the moments of layers and compresses these, stage by stage.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="layers">The layers, in graph order.</param>
    /// <param name="context">Names the data, and the float model.</param>
    /// <param name="phase">What progress calls it.</param>
    /// <param name="compress">Changes one layer, given its moments; may replace its constants, not its output's name.</param>
    public static void Run(
        Graph graph, IReadOnlyList<Node> layers, PassContext context, string phase, Action<Node, LayerMoments> compress)
    {
        int most = Math.Max(1, (layers.Count + Stages - 1) / Stages);
        for (int at = 0; at < layers.Count;)
        {
            List<Node> stage = [layers[at++]];
            long bytes = BytesOf(stage[0]);
            while (at < layers.Count && stage.Count < most && (bytes += BytesOf(layers[at])) <= StageBytes) stage.Add(layers[at++]);
            var moments = MomentCollector.Collect(graph, context.Reference!, stage, context, $"{phase} {at}/{layers.Count}");
            foreach (Node layer in stage)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                if (moments.TryGetValue(layer, out LayerMoments? found)) compress(layer, found);
            }
        }
    }

    private static long BytesOf(Node layer)
    {
        Tensor weight = layer.Input(1).Constant!;
        return LayerMoments.Bytes((int)layer.Int("group", 1), weight.Count / weight.Dims[0], weight.Dims[0]);
    }
}
