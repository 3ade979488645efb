using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>SELECT_V2: input 1 where input 0 holds, else input 2; with broadcasting.</summary>
internal sealed class SelectOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor condition = node.Input(0), left = node.Input(1), right = node.Input(2);
        bool fits = condition.Type == TensorType.Bool && left.Type == right.Type && left.Type.Size() > 0
            && left.Quantization is null && right.Quantization is null;
        return fits
            ? [new TensorSpec(left.Type, Axes.Broadcast(node, condition.Shape, Axes.Broadcast(node, left.Shape, right.Shape)))]
            : throw node.UnsupportedTypes();
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => PairsSamples(node, batched);

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        int[] shape = node.Output.Shape;
        int[][] strides = Array.ConvertAll(node.Inputs[..3], t => Strides(t!.Shape, shape));
        return node.Output.Type.Size() switch
        {
            1 => new SelectKernel<byte>(shape, strides),
            2 => new SelectKernel<ushort>(shape, strides),
            4 => new SelectKernel<uint>(shape, strides),
            8 => new SelectKernel<ulong>(shape, strides),
            _ => throw node.UnsupportedTypes(),
        };
    }

    // 0 where an operand repeats along an axis of the output.
    private static int[] Strides(int[] shape, int[] output)
    {
        int[] strides = new int[output.Length];
        for (int i = 1, stride = 1; i <= shape.Length; stride *= shape[^i], i++)
            strides[^i] = shape[^i] == 1 ? 0 : stride;
        return strides;
    }
}
