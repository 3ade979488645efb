using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Movement;
using ModelOpt.Runtime.Kernels.Quantize;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// Folds the steps that turn an image of a few planes into pixels (NCHW → NHWC) into one kernel: QUANTIZE or a table lookup before the
/// TRANSPOSE, or QUANTIZE after it.
/// </summary>
internal static class InterleaveFolding
{
    public static void Apply(Graph graph)
    {
        Dictionary<Tensor, Node> producers = graph.Producers();
        Dictionary<Tensor, int> uses = graph.CountUses();
        var folded = new HashSet<Node>();
        for (int i = 0; i < graph.Nodes.Count; i++)
        {
            Node second = graph.Nodes[i];
            if (second.Inputs.Length == 0 || second.Inputs[0] is not { } between
                || uses[between] != 1 || !producers.TryGetValue(between, out Node? first))
                continue;
            Kernel? kernel = OperatorKernels.Guard<Kernel?>(second, () => (first.Operator, second.Operator) switch
            {
                (BuiltinOperator.Quantize, BuiltinOperator.Transpose) => Quantizing(first, second, first),
                (BuiltinOperator.Transpose, BuiltinOperator.Quantize) => Quantizing(second, first, first),
                (_, BuiltinOperator.Transpose) when first.FusedKernel is ChannelLookupKernel<byte> lookup => Lookup(lookup, second),
                _ => null,
            });
            if (kernel is null)
                continue;
            folded.Add(first);
            var node = first.Fused(kernel, [first.Input(0)], second.Outputs);
            graph.Nodes[i] = node;
            producers[node.Output] = node;
        }

        graph.Nodes.RemoveAll(folded.Contains);
    }

    private static InterleaveKernel? Quantizing(Node quantize, Node transpose, Node first) =>
        first.Input(0).Type == TensorType.Float32 && quantize.Output.IsQuantized8
        && (!transpose.Output.IsQuantized8 || quantize.Output.HasGridOf(transpose.Output))
            && PlaneShape.Of(transpose) is { } shape
            ? shape.CreateKernel(new QuantizingPlaneMap(QuantizeOperator.Quantizer(quantize.Output)))
            : null;

    private static InterleaveKernel? Lookup(ChannelLookupKernel<byte> lookup, Node transpose) =>
        PlaneShape.Of(transpose) is { } shape && lookup.PlaneTables(shape.Batch, shape.Planes, shape.Pixels) is { } tables
            ? shape.CreateKernel(new LookupPlaneMap(tables))
            : null;
}
