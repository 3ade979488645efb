using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Elementwise;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// Folds an 8-bit RELU, or another operator that only clamps, into the operator before it if both sides have the same quantization: it
/// narrows the range to which that operator clamps its result.
/// </summary>
internal static class ActivationFolding
{
    public static void Apply(Graph graph)
    {
        Dictionary<Tensor, Node> producers = graph.Producers();
        Dictionary<Tensor, int> uses = graph.CountUses();
        var folded = new HashSet<Node>();
        foreach (Node node in graph.Nodes)
        {
            if (OperatorKernels.Of(node) is not UnaryOperator
                || !KeepsQuantization(node)
                || uses[node.Input(0)] != 1
                || !producers.TryGetValue(node.Input(0), out Node? producer)
                || !Clamps(producer)
                || Range(node) is not var (low, high))
                continue;
            producer.FoldedRange = producer.FoldedRange is var (min, max)
                ? (Math.Clamp(min, low, high), Math.Clamp(max, low, high))
                : (low, high);
            producer.Outputs[0] = node.Output;
            producers[node.Output] = producer;
            folded.Add(node);
        }

        graph.Nodes.RemoveAll(folded.Contains);
    }

    private static bool KeepsQuantization(Node node)
    {
        Tensor input = node.Input(0), output = node.Output;
        return input.IsQuantized8 && output.IsQuantized8 && input.Type == output.Type
            && input.HasGridOf(output) && input.Shape.AsSpan().SequenceEqual(output.Shape);
    }

    private static bool Clamps(Node node) =>
        node.FusedKernel is null && node.Outputs.Length == 1 && OperatorKernels.Of(node) is KernelOperator op && op.Takes(node).Range;

    // The stored values that the activation's table clamps to; null if it does anything else.
    private static (int Low, int High)? Range(Node node)
    {
        bool unsigned = node.Output.Type == TensorType.UInt8;
        int[] results = [.. UnaryOperator.Table(node).Select(value => unsigned ? (int)value : (sbyte)value)];
        int low = results.Min(), high = results.Max();
        for (int i = 0; i < results.Length; i++)
        {
            if (results[i] != Math.Clamp(unsigned ? i : (sbyte)i, low, high))
                return null;
        }

        return (low, high);
    }
}
