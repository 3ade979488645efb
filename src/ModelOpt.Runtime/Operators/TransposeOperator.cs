using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Operators;

/// <summary>TRANSPOSE: output dimension i is input dimension permutation[i].</summary>
internal static class TransposeOperator
{
    public static Kernel Create(Node node)
    {
        Tensor input = node.Input(0), output = node.Output;
        int[] permutation = Permutation(node);
        for (int i = 0; i < permutation.Length; i++)
            node.Require(
                output.Shape[i] == input.Shape[permutation[i]], "the output's shape does not fit the permutation");
        if (input.Type.Size() == 1 && PlaneShape.Of(node) is { } shape)
            return shape.CreateKernel(null);
        int[] strides = StridedCopy.DenseStrides(input.Shape);
        var copy = new StridedCopy(
            input.Type.Size(), output.Shape, 0, [.. permutation.Select(p => strides[p])], 0, StridedCopy.DenseStrides(output.Shape));
        return new CopyKernel([new CopyPart(copy, 0, 0)], []);
    }

    /// <summary>The permutation, checked to be one.</summary>
    public static int[] Permutation(Node node)
    {
        Tensor input = node.Input(0), output = node.Output;
        if (input.Type != output.Type)
            throw node.UnsupportedTypes();
        int[] permutation = node.Input(1).ConstantInts();
        node.Require(
            permutation.Length == input.Rank && output.Rank == input.Rank
                && permutation.Order().SequenceEqual(Enumerable.Range(0, input.Rank)),
            $"[{string.Join(", ", permutation)}] is no permutation of {input.Rank} dimensions");
        return permutation;
    }
}
