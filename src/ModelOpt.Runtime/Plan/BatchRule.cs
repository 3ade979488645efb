using ModelOpt.Runtime.Kernels.Movement;
using ModelOpt.Runtime.Kernels.Reduction;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// Decides whether a batch of any size can be run sample by sample: the file marks the first dimension of every input as
/// variable, it is 1 in all tensors that depend on an input, and no operator mixes or moves it.
/// </summary>
internal static class BatchRule
{
    public static bool AllowsAnyBatch(Graph graph)
    {
        if (graph.Inputs.Length == 0 || Array.Exists(graph.Inputs, t => !t.HasDynamicBatch || !HasUnitBatch(t)))
            return false;
        var batched = new HashSet<Tensor>(graph.Inputs);
        foreach (Node node in graph.Nodes)
        {
            // The shape of a sample is that of the file; what is computed from it holds for each sample.
            if (node.Operator == BuiltinOperator.Shape || !Array.Exists(node.Inputs, t => t is not null && batched.Contains(t)))
                continue;
            if (!Array.TrueForAll(node.Outputs, HasUnitBatch) || !KeepsSamplesApart(node, batched))
                return false;
            batched.UnionWith(node.Outputs);
        }
        return Array.TrueForAll(graph.Outputs, batched.Contains);
    }

    private static bool HasUnitBatch(Tensor tensor) => tensor.Rank > 0 && tensor.Shape[0] == 1;

    private static bool KeepsSamplesApart(Node node, HashSet<Tensor> batched)
    {
        Tensor? first = node.Inputs[0];
        switch (node.Operator)
        {
            case BuiltinOperator.Conv2D or BuiltinOperator.DepthwiseConv2D or BuiltinOperator.FullyConnected
                or BuiltinOperator.Quantize or BuiltinOperator.Dequantize or BuiltinOperator.Cast
                or BuiltinOperator.MaxPool2D or BuiltinOperator.AveragePool2D
                or BuiltinOperator.Reshape or BuiltinOperator.Squeeze or BuiltinOperator.ExpandDims
                or BuiltinOperator.Logistic or BuiltinOperator.Tanh or BuiltinOperator.HardSwish or BuiltinOperator.Relu
                or BuiltinOperator.Relu6 or BuiltinOperator.ReluN1To1 or BuiltinOperator.Relu0To1
                or BuiltinOperator.LeakyRelu or BuiltinOperator.Neg or BuiltinOperator.Exp or BuiltinOperator.Log
                or BuiltinOperator.Sqrt or BuiltinOperator.Rsqrt or BuiltinOperator.Round
                or BuiltinOperator.DepthToSpace or BuiltinOperator.SpaceToDepth
                or BuiltinOperator.ResizeBilinear or BuiltinOperator.ResizeNearestNeighbor:
                return OnlyFirst(node, batched);
            case BuiltinOperator.Add or BuiltinOperator.Sub or BuiltinOperator.Mul or BuiltinOperator.Div
                or BuiltinOperator.Minimum or BuiltinOperator.Maximum or BuiltinOperator.PRelu:
                // An operand of lower rank would meet the batch with another of its dimensions.
                return Array.TrueForAll(node.Inputs, t => t is null || !batched.Contains(t) || t.Rank == node.Output.Rank);
            case BuiltinOperator.Softmax:
                return first!.Rank > 1;
            case BuiltinOperator.BatchMatMul:
                return Array.TrueForAll(
                    node.Inputs, t => t is null || !batched.Contains(t) || (t.Rank > 2 && t.Rank == node.Output.Rank));
            case BuiltinOperator.Concatenation:
                return Normal(ConcatenationOptions.Read(node.Options).Axis, node.Output.Rank) != 0;
            case BuiltinOperator.Pack:
                return Normal(PackOptions.Read(node.Options, node.OptionsType).Axis, node.Output.Rank) != 0;
            case BuiltinOperator.Unpack:
                return Normal(PackOptions.Read(node.Options, node.OptionsType).Axis, first!.Rank) != 0;
            case BuiltinOperator.Transpose:
                return OnlyFirst(node, batched) && node.Input(1).IsConstant && TransposeOperator.Permutation(node)[0] == 0;
            case BuiltinOperator.Pad or BuiltinOperator.PadV2:
                return OnlyFirst(node, batched) && node.Input(1).IsConstant && PadOperator.Paddings(node) is [0, 0, ..];
            case BuiltinOperator.Mean or BuiltinOperator.Sum:
                return OnlyFirst(node, batched) && node.Input(1).IsConstant && !ReduceOperator.ReducedAxes(node)[0];
            case BuiltinOperator.Slice:
                return OnlyFirst(node, batched) && node.Input(1).IsConstant && node.Input(1).ConstantInts() is [0, ..];
            case BuiltinOperator.StridedSlice:
                return OnlyFirst(node, batched) && KeepsBatch(node);
            case BuiltinOperator.Split:
                return node.Input(0).IsConstant && node.Input(0).ConstantInts() is [var split] && Normal(split, node.Input(1).Rank) != 0;
            case BuiltinOperator.SplitV:
                return OnlyFirst(node, batched) && node.Input(2).IsConstant
                    && node.Input(2).ConstantInts() is [var splitV] && Normal(splitV, first!.Rank) != 0;
            case BuiltinOperator.Gather:
                return OnlyFirst(node, batched) && Normal(GatherOptions.Read(node.Options).Axis, first!.Rank) != 0;
            default:
                return false;
        }
    }

    private static bool OnlyFirst(Node node, HashSet<Tensor> batched) =>
        Array.FindLastIndex(node.Inputs, t => t is not null && batched.Contains(t)) <= 0;

    private static bool KeepsBatch(Node node)
    {
        StridedSliceOptions options = StridedSliceOptions.Read(node.Options);
        return (options.ShrinkAxisMask & 1) == 0 && options.NewAxisMask == 0 && options.EllipsisMask == 0
            && node.Input(1).IsConstant && node.Input(3).IsConstant
            && ((options.BeginMask & 1) != 0 || node.Input(1).ConstantInts() is [0, ..])
            && node.Input(3).ConstantInts() is [1, ..];
    }

    private static int Normal(int axis, int rank) => axis < 0 ? axis + rank : axis;
}
