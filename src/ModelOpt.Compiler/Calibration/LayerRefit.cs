using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Calibration;

/// <summary>
/// Fits layers, within their constraints, to the float model's outputs, so that they compensate for what earlier layers lost.
/// </summary>
internal static class LayerRefit
{
    /// <summary>The pull to the original weights, as a share of the mean variance of a layer's inputs.</summary>
    private const double LeastRidge = 0.01;

    /// <summary>How much more it pulls for each input that a position has to tell of: else weights would seem to cost nothing.</summary>
    private const double RidgePerInput = 4;

    /// <summary>The layers that are fitted where some are compressed: the first of these and all behind it.</summary>
    /// <remarks>Of layers that share a weight the first is given, which is fitted for all.</remarks>
    public static IEnumerable<Node> LayersFrom(Graph graph, Node first)
    {
        HashSet<Node> leading = [.. SharedWeights.First(graph.Nodes.Where(n => Operator.IsLayer(n) && CanFit(n)))];
        return graph.Nodes.SkipWhile(n => n != first).Where(n => leading.Contains(n) && SharedWeights.LayersOf(n).All(CanFit));

        static bool CanFit(Node n) => n.Input(1) is { Constant: { Type: ElementType.Float32, Rank: >= 2 } }
            && (n.Input(1).Consumers.Count == 1 || SharedWeights.IsShared(n)) && n.InputOrNull(2) is null or { IsConstant: true };
    }

    /// <summary>The pull for a layer, as a share of the mean variance of its inputs.</summary>
    public static double RidgeOf(LayerMoments moments) => moments.RidgeOf(LeastRidge, RidgePerInput);

    /// <summary>Fits a layer to its target, starting from its weights.</summary>
    /// <param name="moments">Moments of its input and target output.</param>
    public static void Apply(Graph graph, Node node, LayerMoments moments, Workers workers) =>
        Apply(graph, node, node.Input(1).Constant!, node.Input(1).Constraints, moments, workers);

    /// <summary>Fits a layer to its target within constraints.</summary>
    /// <param name="moments">What the layer sees, and what it should give.</param>
    public static void Apply(
        Graph graph, Node node, Tensor start, WeightConstraints? constraints, LayerMoments moments, Workers workers)
    {
        (Tensor fitted, float[] bias) = ConstrainedLeastSquares.Fit(start, moments, constraints ?? new(), RidgeOf(moments), workers);
        Value weight = node.Input(1);
        weight.Constraints = constraints;
        weight.Constant = constraints?.Project(fitted) ?? fitted;
        SharedWeights.SetBias(graph, node, bias);
    }
}
