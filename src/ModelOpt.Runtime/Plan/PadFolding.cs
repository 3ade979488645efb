using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Movement;
using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// Folds PAD of height and width into the operators that follow and pad without copying, with the same value: convolutions with real 0,
/// max pools with the lowest.
/// </summary>
internal static class PadFolding
{
    public static void Apply(Graph graph)
    {
        Dictionary<Tensor, Node> producers = graph.Producers();
        foreach (Node node in graph.Nodes)
        {
            if (producers.TryGetValue(node.Input(0), out Node? pad)
                && OperatorKernels.Of(pad) is PadOperator
                && OperatorKernels.Of(node) is KernelOperator op
                && op.Takes(node).Padding is { } element
                && Padding(pad, element) is { } padding)
            {
                node.FoldedPadding = padding;
                node.Inputs[0] = pad.Input(0);
            }
        }
    }

    private static Padding2D? Padding(Node pad, byte[] element)
    {
        Tensor input = pad.Input(0), output = pad.Output;
        if (input.Rank != 4 || input.Elements == 0 || !pad.Input(1).IsConstant || (pad.OptionalInput(2) is { IsConstant: false }))
            return null;
        if (input.IsQuantized8 && !input.HasGridOf(output))
            return null;
        if (!PadOperator.FillValue(pad).AsSpan().SequenceEqual(element))
            return null;
        int[] p = PadOperator.Paddings(pad);
        return p[0] == 0 && p[1] == 0 && p[6] == 0 && p[7] == 0 ? new Padding2D(p[2], p[3], p[4], p[5]) : null;
    }
}
