using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Convolution;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// Folds an ADD of equal shapes, float32 or assembled int8, into the convolution that computes one operand: it is added before
/// the sum leaves the registers. Of two convolutions the later one takes it.
/// </summary>
internal static class ResidualFolding
{
    /// <param name="graph">Is changed.</param>
    /// <param name="code">Receives the assembled convolutions; null where there shall be none.</param>
    public static void Apply(Graph graph, AssembledCode? code)
    {
        Dictionary<Tensor, Node> producers = graph.Producers();
        Dictionary<Tensor, int> uses = graph.CountUses();
        var folded = new HashSet<Node>();
        for (int i = 0; i < graph.Nodes.Count; i++)
        {
            Node add = graph.Nodes[i];
            if (add is not { Operator: BuiltinOperator.Add, FusedKernel: null } || !IsPlain(add))
                continue;
            int side = LastConvolution(add, producers, uses);
            if (side < 0)
                continue;
            Node convolution = producers[add.Input(side)];
            Kernel? kernel = OperatorKernels.Guard(convolution, () =>
                add.Output.Type == TensorType.Float32 ? ConvolutionOperator.CreateWithAdd(convolution, add)
                : code is null ? null
                : ConvolutionOperator.TryCreateWithAdd(convolution, add, side, code));
            if (kernel is null)
                continue;
            folded.Add(convolution);
            graph.Nodes[i] = convolution.Fused(
                kernel,
                [convolution.Input(0), convolution.Input(1), convolution.OptionalInput(2), add.Input(1 - side)],
                add.Outputs);
        }

        graph.Nodes.RemoveAll(folded.Contains);
    }

    private static bool IsPlain(Node add)
    {
        Tensor left = add.Input(0), right = add.Input(1), output = add.Output;
        return (output.Type == TensorType.Float32
                || (output.Type == TensorType.Int8 && left.IsQuantized8 && right.IsQuantized8 && output.IsQuantized8))
            && !left.IsConstant && !right.IsConstant && left.Elements > 0
            && left.Shape.AsSpan().SequenceEqual(right.Shape);
    }

    /// <summary>The operand that the last convolution of those before the addition computes for it alone; −1 if none does.</summary>
    private static int LastConvolution(Node add, Dictionary<Tensor, Node> producers, Dictionary<Tensor, int> uses)
    {
        int best = -1;
        for (int side = 0; side < 2; side++)
        {
            if (uses[add.Input(side)] == 1
                && producers.TryGetValue(add.Input(side), out Node? node)
                && node is { Operator: BuiltinOperator.Conv2D, FusedKernel: null }
                && (best < 0 || node.Index > producers[add.Input(best)].Index))
            {
                best = side;
            }
        }

        return best;
    }
}
