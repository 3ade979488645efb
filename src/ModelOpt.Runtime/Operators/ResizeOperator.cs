using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Operators;

/// <summary>RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR.</summary>
internal static class ResizeOperator
{
    private const int MaxSize = 1 << 16;

    public static Kernel Create(Node node)
    {
        ResizeOptions options = ResizeOptions.Read(node.Options, node.OptionsType);
        Tensor input = node.Input(0), output = node.Output;
        if (input.Type != output.Type)
            throw node.UnsupportedTypes();
        node.Require(
            input.Rank == 4 && output.Rank == 4 && input.Shape[0] == output.Shape[0] && input.Shape[3] == output.Shape[3]
                && input.Elements > 0,
            "input and output must have 4 dimensions, the same batch and the same channels");
        node.Require(
            output.Shape[1] <= MaxSize && output.Shape[2] <= MaxSize, $"the output is larger than {MaxSize} pixels");
        node.Require(
            !input.IsQuantized8 || (input.Scale == output.Scale && input.ZeroPoint == output.ZeroPoint),
            "input and output must have the same quantization");
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
