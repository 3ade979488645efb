using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR.</summary>
internal sealed class ResizeOperator : KernelOperator
{
    private const int MaxSize = 1 << 16;

    public override TensorSpec[] Infer(Node node)
    {
        Tensor input = node.Input(0);
        int[] size = node.Input(1).ConstantInts(2);
        node.Require(input.Rank == 4 && size.Length == 2, "the input must have 4 dimensions, and the size 2 elements");
        node.Require(
            size[0] is >= 0 and <= MaxSize && size[1] is >= 0 and <= MaxSize, $"the output is larger than {MaxSize} pixels");
        return [new TensorSpec(input.Type, [input.Shape[0], size[0], size[1], input.Shape[3]])];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => OnlyFirst(node, batched);

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        ResizeOptions options = ResizeOptions.Read(node.Options, node.OptionsType);
        Tensor input = node.Input(0), output = node.Output;
        node.Require(input.Elements > 0, "the input has no pixels");
        node.Require(
            !input.IsQuantized8 || input.HasGridOf(output), "input and output must have the same quantization");
        bool nearest = node.Operator == BuiltinOperator.ResizeNearestNeighbor;
        var rows = new ResizeAxis(
            input.Shape[1], output.Shape[1], options.AlignCorners, options.HalfPixelCenters, nearest);
        var columns = new ResizeAxis(
            input.Shape[2], output.Shape[2], options.AlignCorners, options.HalfPixelCenters, nearest);
        int batch = input.Shape[0], height = input.Shape[1], width = input.Shape[2], channels = input.Shape[3];
        return input.Type switch
        {
            _ when nearest => new ResizeNearestKernel(
                batch, height, width, channels * input.Type.Size(), rows, columns),
            TensorType.Float32 => new ResizeBilinearKernel<float>(batch, height, width, channels, rows, columns),
            TensorType.Int8 => new ResizeBilinearKernel<sbyte>(batch, height, width, channels, rows, columns),
            TensorType.UInt8 => new ResizeBilinearKernel<byte>(batch, height, width, channels, rows, columns),
            _ => throw node.UnsupportedTypes(),
        };
    }
}
