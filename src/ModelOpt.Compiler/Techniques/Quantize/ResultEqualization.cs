using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Evens out the channels of what a layer adds to a sum that is computed in float (<see cref="FloatSums"/>): a transformer's layers write
/// a few channels hundreds of times as wide as the others. The layer writes <c>y / s</c>, and a Mul in float gives the sum <c>y</c>.
/// Factors are powers of two, so that the float model computes the same.
/// </summary>
internal sealed class ResultEqualization : Pass
{
    private const int Samples = 32, MostExponent = 8;

    // Less is no reason for a further node.
    private const double MostLeft = 0.5;

    public override PassPhase Phase => PassPhase.Prepare;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        if (!Int8Quantization.IsWanted(graph, context)) return PassResult.Of(0);
        HashSet<Node> sums = FloatSums.Find(graph);
        Node[] layers = [.. graph.Nodes.Where(n => OutputAffine.IsLayer(n) && End(graph, n, sums) is not null)];
        if (layers.Length == 0) return PassResult.Of(0);
        Dictionary<Value, float[]> largest = layers.ToDictionary(n => n.Output, n => new float[OutputAffine.Channels(n)]);
        using (Calibrator calibrator = new(graph, context))
            calibrator.Run(largest.Keys, Samples, "equalize", (value, tensor) => ChannelFactors.Raise(largest[value], tensor));
        return PassResult.Of(layers.Count(n => Equalize(graph, n, End(graph, n, sums)!, largest[n.Output])));
    }

    /// <summary>The value that a sum reads, with the layer's channels at axis 1, or at the end behind a Reshape of rows; or null.</summary>
    private static Value? End(Graph graph, Node layer, HashSet<Node> sums)
    {
        Value value = layer.Output;
        if (layer.Type == "Gemm" && value is { Consumers: [{ } next] } && Operator.Of(next) is ReshapeOperator && !graph.IsOutput(value)
            && next.Output.Shape is { Rank: > 1 } shape && shape[^1] == value.Shape![1])
            value = next.Output;
        return value.Consumers is [{ } sum] && sums.Contains(sum) && !IntegerForm.IsMover(sum) && !graph.IsOutput(value) ? value : null;
    }

    private static bool Equalize(Graph graph, Node layer, Value end, float[] largest)
    {
        float most = largest.Max();
        if (most == 0) return false;
        int[] exponents = [.. largest.Select(x => x == 0 ? 0 : Math.Max(-MostExponent, (int)Math.Ceiling(Math.Log2((double)x / most))))];
        if (exponents.Average(e => Math.ScaleB(1, 2 * e)) > MostLeft) return false;
        ChannelFactors.ScaleOutputs(graph, layer, [.. exponents.Select(e => -e)]);
        int behind = layer.Type == "Conv" ? end.Shape!.Rank - 2 : 0;
        int[] dims = [exponents.Length, .. Enumerable.Repeat(1, behind)];
        Value factors = graph.AddConstant($"{layer.Label}_factors", Tensor.Of<float>(dims, [.. exponents.Select(e => MathF.ScaleB(1, e))]));
        Node sum = end.Consumers[0];
        Value scaled = new(graph.UniqueName($"{end.Name}_scaled"), end.Type, end.Shape);
        graph.InsertBefore(sum, new Node("Mul", "", [end, factors], [scaled]));
        for (int i = 0; i < sum.Inputs.Count; i++)
            if (sum.Inputs[i] == end) sum.SetInput(i, scaled);
        return true;
    }
}
