using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Elementwise;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Quantize;

/// <summary>DEQUANTIZE, from integers or float16 to float32.</summary>
internal sealed class DequantizeOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node) => [new TensorSpec(TensorType.Float32, node.Input(0).Shape)];

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => OnlyFirst(node, batched);

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        Tensor input = node.Input(0);
        if (input.Type == TensorType.Float16)
            return new CastKernel<Half, float>(input.Elements);
        if (input.Type == TensorType.Int16)
            return new DequantizeWideKernel<short>(input.Elements, input.Scale, input.ZeroPoint);
        if (input.Type == TensorType.Int32)
            return new DequantizeWideKernel<int>(input.Elements, input.Scale, input.ZeroPoint);
        if (!input.IsQuantized8)
            throw node.UnsupportedTypes();
        bool unsigned = input.Type == TensorType.UInt8;
        Quantization quantization = input.Quantization!;
        if (quantization.Count == 1)
        {
            int shift = unsigned ? 128 : 0;
            return new DequantizeKernel(
                input.Elements, input.Scale, input.ZeroPoint - shift, (byte)(unsigned ? 0x80 : 0));
        }
        int axis = quantization.Axis;
        node.Require(
            (uint)axis < (uint)input.Rank && input.Shape[axis] == quantization.Count,
            $"tensor '{input.Name}' has {quantization.Count} scales, which do not fit axis {axis}");
        var zeroPoints = new int[quantization.Count];
        for (int i = 0; i < zeroPoints.Length; i++)
            zeroPoints[i] = quantization.ZeroPoint(i);
        return new DequantizePerChannelKernel(
            Product(input.Shape.AsSpan(0, axis)), input.Shape[axis], Product(input.Shape.AsSpan(axis + 1)), quantization.Scales(),
            zeroPoints, unsigned);
    }

    private static int Product(ReadOnlySpan<int> sizes)
    {
        int product = 1;
        foreach (int size in sizes)
            product *= size;
        return product;
    }
}
