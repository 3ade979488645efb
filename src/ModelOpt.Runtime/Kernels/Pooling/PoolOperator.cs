using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Reduction;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Simd;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Pooling;

/// <summary>MAX_POOL_2D and AVERAGE_POOL_2D. Padding never takes part.</summary>
internal sealed class PoolOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor input = node.Input(0);
        (int height, int width) = Window(node).Positions(node);
        return [new TensorSpec(input.Type, [input.Shape[0], height, width, input.Shape[3]])];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => OnlyFirst(node, batched);

    public override Foldable Takes(Node node) => new(
        true, node.Operator == BuiltinOperator.MaxPool2D && Window(node).Padding == Padding.Valid ? Lowest(node.Input(0)) : null);

    public override Kernel CreateKernel(Node node, AssembledCode? code) =>
        node.Operator == BuiltinOperator.MaxPool2D ? CreateMax(node) : CreateAverage(node);

    private static Kernel CreateMax(Node node)
    {
        (Window2D window, ActivationFunction activation) = Read(node);
        Tensor input = node.Input(0);
        if (input.Type == TensorType.Float32)
        {
            (float min, float max) = ActivationRange.Float(node, activation);
            return new MaxPoolKernel<float>(window, min, max, SimdTiers.Best);
        }
        (int low, int high) = Quantized(node, activation);
        node.Require(input.HasGridOf(node.Output), "input and output must have the same quantization");
        return input.Type == TensorType.UInt8
            ? new MaxPoolKernel<byte>(window, (byte)low, (byte)high, SimdTiers.Best)
            : new MaxPoolKernel<sbyte>(window, (sbyte)low, (sbyte)high, SimdTiers.Best);
    }

    private static Kernel CreateAverage(Node node)
    {
        (Window2D window, ActivationFunction activation) = Read(node);
        Tensor input = node.Input(0), output = node.Output;
        if (input.Type == TensorType.Float32)
        {
            (float min, float max) = ActivationRange.Float(node, activation);
            return new AveragePoolF32Kernel(window, min, max);
        }
        (int low, int high) = Quantized(node, activation);
        bool whole = window is { OutputHeight: 1, OutputWidth: 1, PadTop: 0, PadLeft: 0 }
            && window.KernelHeight == window.InputHeight && window.KernelWidth == window.InputWidth;
        if (whole)
            return ReduceOperator.Quantized(
                node, window.Batch, window.KernelHeight * window.KernelWidth, window.InputChannels, mean: true, low, high);
        return new AveragePoolInt8Kernel(
            window, input.Scale, input.ZeroPoint, output.Scale, output.ZeroPoint, low, high, input.Type == TensorType.UInt8);
    }

    // A value that no maximum notices.
    private static byte[]? Lowest(Tensor tensor) => tensor.Type switch
    {
        TensorType.Float32 => BitConverter.GetBytes(float.NegativeInfinity),
        TensorType.Int8 or TensorType.UInt8 => [(byte)tensor.TypeMin],
        _ => null,
    };

    private static WindowOptions Window(Node node)
    {
        Pool2DOptions options = Pool2DOptions.Read(node.Options);
        return new WindowOptions(
            options.Padding, options.FilterHeight, options.FilterWidth, options.StrideHeight, options.StrideWidth);
    }

    private static (Window2D Window, ActivationFunction Activation) Read(Node node) =>
        (Window(node).Window(node), Pool2DOptions.Read(node.Options).Activation);

    private static (int Min, int Max) Quantized(Node node, ActivationFunction activation)
    {
        if (!node.Input(0).IsQuantized8)
            throw node.UnsupportedTypes();
        return ActivationRange.Quantized(node, activation);
    }
}
