using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>TRANSPOSE: output dimension i is input dimension permutation[i].</summary>
internal sealed class TransposeOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor input = node.Input(0);
        return [new TensorSpec(input.Type, Array.ConvertAll(Permutation(node), dimension => input.Shape[dimension]))];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) =>
        OnlyFirst(node, batched) && Permutation(node)[0] == 0;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        Tensor input = node.Input(0), output = node.Output;
        int[] permutation = Permutation(node);
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
        Tensor input = node.Input(0);
        int[] permutation = node.Input(1).ConstantInts();
        int seen = 0;
        foreach (int dimension in permutation)
            seen |= (uint)dimension < (uint)input.Rank ? 1 << dimension : 0;
        if (permutation.Length != input.Rank || seen != (1 << input.Rank) - 1)
            throw node.Error($"[{string.Join(", ", permutation)}] is no permutation of {input.Rank} dimensions");
        return permutation;
    }
}
