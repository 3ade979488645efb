using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>TILE: the input repeated along each dimension, as often as input 1 says.</summary>
internal sealed class TileOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor input = node.Input(0);
        int[] repeats = Repeats(node), shape = new int[input.Rank];
        for (int i = 0; i < shape.Length; i++)
            shape[i] = checked(input.Shape[i] * repeats[i]);
        return [new TensorSpec(input.Type, shape)];
    }

    // An output of one sample has it once.
    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => OnlyFirst(node, batched);

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        Tensor input = node.Input(0), output = node.Output;
        node.Require(!input.IsQuantized8 || input.HasGridOf(output), "input and output must have the same quantization");
        int[] repeats = Repeats(node), own = StridedCopy.DenseStrides(input.Shape);
        int[] sizes = new int[2 * own.Length], strides = new int[sizes.Length];
        for (int i = 0; i < own.Length; i++)
        {
            (sizes[2 * i], sizes[(2 * i) + 1]) = (repeats[i], input.Shape[i]);
            strides[(2 * i) + 1] = own[i];
        }
        var copy = new StridedCopy(input.Type.Size(), sizes, 0, strides, 0, StridedCopy.DenseStrides(sizes));
        return new CopyKernel([new CopyPart(copy, 0, 0)], []);
    }

    private static int[] Repeats(Node node)
    {
        int[] repeats = node.Input(1).ConstantInts();
        node.Require(
            repeats.Length == node.Input(0).Rank && Array.TrueForAll(repeats, r => r >= 0), "there must be a repeat for each dimension");
        return repeats;
    }
}
