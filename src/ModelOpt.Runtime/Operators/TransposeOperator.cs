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
        int[] dense = StridedCopy.DenseStrides(input.Shape), strides = new int[permutation.Length];
        for (int i = 0; i < strides.Length; i++)
            strides[i] = dense[permutation[i]];
        var copy = new StridedCopy(
            input.Type.Size(), output.Shape, 0, strides, 0, StridedCopy.DenseStrides(output.Shape));
        return new CopyKernel([new CopyPart(copy, 0, 0)], []);
    }

    /// <summary>The permutation, checked to be one.</summary>
    public static int[] Permutation(Node node)
    {
        Tensor input = node.Input(0), output = node.Output;
        if (input.Type != output.Type)
            throw node.UnsupportedTypes();
        int[] permutation = node.Input(1).ConstantInts();
        int seen = 0;
        foreach (int dimension in permutation)
            seen |= (uint)dimension < (uint)input.Rank ? 1 << dimension : 0;
        if (permutation.Length != input.Rank || output.Rank != input.Rank || seen != (1 << input.Rank) - 1)
            throw node.Error($"[{string.Join(", ", permutation)}] is no permutation of {input.Rank} dimensions");
        return permutation;
    }
}
