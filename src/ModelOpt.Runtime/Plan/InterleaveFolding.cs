using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Simd;
using ModelOpt.Runtime.Operators;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// Folds what is done to an image of a few planes before it becomes pixels (NCHW → NHWC) into one kernel: QUANTIZE or a table
/// lookup before the TRANSPOSE, or QUANTIZE after it.
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
        first.Input(0).Type == TensorType.Float32 && quantize.Output.IsQuantized8 && SameQuantization(quantize.Output, transpose.Output)
            && PlaneShape.Of(transpose) is { } shape
            ? shape.CreateKernel(new QuantizingPlaneMap(QuantizeOperator.Quantizer(quantize.Output)))
            : null;

    private static InterleaveKernel? Lookup(ChannelLookupKernel<byte> lookup, Node transpose) =>
        PlaneShape.Of(transpose) is { } shape && lookup.PlaneTables(shape.Batch, shape.Planes, shape.Pixels) is { } tables
            ? shape.CreateKernel(new LookupPlaneMap(tables))
            : null;

    private static bool SameQuantization(Tensor quantized, Tensor transposed) =>
        !transposed.IsQuantized8 || (quantized.Scale == transposed.Scale && quantized.ZeroPoint == transposed.ZeroPoint);
}

/// <summary>A TRANSPOSE of [batch, planes, pixels] to [batch, pixels, planes] with few planes.</summary>
internal readonly record struct PlaneShape(int Batch, int Planes, int Pixels)
{
    /// <summary>The shape of a transposition; null if it does something else.</summary>
    public static PlaneShape? Of(Node transpose)
    {
        Tensor input = transpose.Input(0);
        if (!transpose.Input(1).IsConstant || input.Elements == 0)
            return null;

        // Dimensions that stay neighbours, as one.
        var groups = new List<Group>();
        foreach (int dimension in TransposeOperator.Permutation(transpose))
        {
            if (input.Shape[dimension] == 1)
                continue;
            if (groups.Count > 0 && groups[^1].IsContinuedBy(dimension, input.Shape))
                groups[^1] = new Group(dimension, groups[^1].Size * input.Shape[dimension]);
            else
                groups.Add(new Group(dimension, input.Shape[dimension]));
        }

        PlaneShape? shape = groups switch
        {
            [var pixels, var planes] when pixels.Last > planes.Last => new PlaneShape(1, planes.Size, pixels.Size),
            [var batch, var pixels, var planes] when pixels.Last > planes.Last && planes.Last > batch.Last =>
                new PlaneShape(batch.Size, planes.Size, pixels.Size),
            _ => null,
        };
        return shape is { Planes: <= PlaneInterleaver.MaxPlanes } ? shape : null;
    }

    private sealed record Group(int Last, int Size)
    {
        /// <summary>Whether nothing but dimensions of 1 lies between the group and a dimension after it.</summary>
        public bool IsContinuedBy(int dimension, int[] shape)
        {
            if (dimension <= Last)
                return false;
            for (int between = Last + 1; between < dimension; between++)
            {
                if (shape[between] != 1)
                    return false;
            }
            return true;
        }
    }

    /// <param name="map">See <see cref="InterleaveKernel"/>.</param>
    public InterleaveKernel CreateKernel(PlaneMap? map) =>
        new(Batch, Planes, Pixels, map, new PlaneInterleaver(Planes, SimdTiers.Best));
}
