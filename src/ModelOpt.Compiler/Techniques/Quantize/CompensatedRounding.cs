using System.Globalization;
using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Rounds weights so that they compensate each other's errors on the calibration data: layer by layer, each weight in turn goes to the
/// integer that brings the layer's output nearest to the float model's, given all others (second-order rounding, as in Frantar et al.,
/// "Optimal Brain Compression", 2022). The nearest integers ignore that inputs vary together: a filter of differences no longer sums to 0.
/// </summary>
internal static class CompensatedRounding
{
    /// <summary>At most how many samples it learns from.</summary>
    public const int Samples = 64;

    /// <summary>A loss of the outputs, as a share of them, for which the nearest integers are good enough.</summary>
    public const double SmallLoss = 0.03;

    // What gains less on a few samples may lose on others.
    private const double LeastGain = 0.9;

    // Beyond that, moments of the inputs take more memory and time than rounding is worth.
    private const int MostInputs = 2048;

    /// <summary>
    /// Rounds the weights of an annotated graph where the nearest integers cost much; keeps what brings the outputs nearest to the float
    /// model's. Weights with a mask or a codebook have integers that were chosen otherwise.
    /// </summary>
    /// <param name="exact">The weights before they were rounded, by layer.</param>
    /// <param name="correct">Corrects biases (<see cref="BiasCorrection"/>).</param>
    /// <param name="loss">Measures what quantization costs.</param>
    /// <param name="context">The calibration data, the float model and the options.</param>
    /// <returns>A summary in words, or null where the nearest integers are good enough.</returns>
    public static string? Apply(
        Graph graph, IReadOnlyDictionary<Node, Tensor> exact, Action correct, OutputLoss loss, PassContext context)
    {
        Node[] layers = [.. graph.Nodes.Where(n => exact.ContainsKey(n))];
        LayerConstants nearest = new(layers);
        correct();
        double before = loss.Of(graph), best = before;
        Node[] rounded = [.. layers.Where(CanRound)];
        if (before <= SmallLoss || rounded.Length == 0) return null;
        LayerConstants chosen = new(layers);
        nearest.Restore();
        Round(graph, rounded, exact, context);
        Keep();
        correct();
        Keep();
        chosen.Restore();
        return best < before ? Summary(before, best) : null;

        void Keep()
        {
            double now = loss.Of(graph);
            if (now < LeastGain * best) (best, chosen) = (now, new LayerConstants(layers));
        }
    }

    private static string Summary(double before, double after) => string.Create(CultureInfo.InvariantCulture,
        $"rounding: a loss of {before:P1} to the nearest integers, {after:P1} where weights compensate each other");

    private static void Round(Graph graph, Node[] layers, IReadOnlyDictionary<Node, Tensor> exact, PassContext context)
    {
        CompileOptions options = context.Options with { CalibrationSamples = Math.Min(Samples, context.Options.CalibrationSamples) };
        LayerStages.Run(graph, layers, context with { Options = options }, "round", (layer, moments) =>
        {
            WeightConstraints grid = new(Grid: layer.Input(1).Quantization);
            LayerRefit.Apply(graph, layer, exact[layer], grid, moments, context.Workers);
            WeightGrid.FollowBias(layer);
        });
    }

    private static bool CanRound(Node layer) =>
        (layer.Type == "Conv" || GemmCanonicalization.IsCanonical(layer))
        && layer.Input(1) is
        {
            Constant: { Rank: >= 2 } weight, Consumers.Count: 1, Quantization.Type: ElementType.Int8, Constraints: null,
        }
        && weight.Count / weight.Dims[0] <= MostInputs
        && layer.InputOrNull(2) is null or { IsConstant: true };
}
