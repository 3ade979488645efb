using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Convolution;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// Lets float32 and assembled 8-bit convolutions whose results are concatenated along the channels write them where they
/// belong: nothing is left to copy.
/// </summary>
internal static class ConcatenationFolding
{
    /// <param name="graph">Is changed.</param>
    /// <param name="code">Receives the assembled convolutions; null where there shall be none.</param>
    public static void Apply(Graph graph, AssembledCode? code)
    {
        Dictionary<Tensor, Node> producers = graph.Producers();
        Dictionary<Tensor, int> uses = graph.CountUses();
        var removed = new HashSet<Node>();
        var replaced = new Dictionary<Node, Node>();
        foreach (Node node in graph.Nodes)
        {
            if (node.Operator != BuiltinOperator.Concatenation || !JoinsChannels(node)
                || !node.Inputs.All(t => uses[t!] == 1 && IsConvolution(producers.GetValueOrDefault(t!))))
                continue;
            int offset = 0;
            var kernels = new Dictionary<Node, Kernel?>();
            foreach (Tensor? input in node.Inputs)
            {
                Node convolution = producers[input!];
                var place = new ChannelPlace(node.Output.Shape[^1], offset);
                kernels[convolution] = OperatorKernels.Guard(
                    convolution, () => ConvolutionOperator.TryCreateInto(convolution, place, code));
                offset += input!.Shape[^1];
            }

            if (kernels.ContainsValue(null))
                continue;
            foreach ((Node convolution, Kernel? kernel) in kernels)
                replaced[convolution] = convolution.Fused(kernel!, convolution.Inputs, node.Outputs);
            removed.Add(node);
        }

        if (removed.Count > 0)
            graph.Nodes = [.. graph.Nodes.Where(n => !removed.Contains(n)).Select(n => replaced.GetValueOrDefault(n, n))];
    }

    private static bool IsConvolution(Node? node) =>
        node is { Operator: BuiltinOperator.Conv2D, FusedKernel: null };

    /// <summary>Whether the operator joins tensors along their last dimension as they are.</summary>
    private static bool JoinsChannels(Node node)
    {
        Tensor output = node.Output;
        ConcatenationOptions options = ConcatenationOptions.Read(node.Options);
        return (output.Type == TensorType.Float32 || output.IsQuantized8) && output.Elements > 0
            && options.Activation == ActivationFunction.None
            && output.Rank > 0 && (options.Axis == output.Rank - 1 || options.Axis == -1)
            && node.Inputs.All(
                t => t is { IsConstant: false }
                    && (!output.IsQuantized8 || (t.IsQuantized8 && t.HasGridOf(output))));
    }
}
