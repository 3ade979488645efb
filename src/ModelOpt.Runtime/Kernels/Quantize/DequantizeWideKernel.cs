using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Quantize;

/// <summary>int16 or int32 → float32: (q − z)·s.</summary>
internal sealed class DequantizeWideKernel<T>(int elements, float scale, int zeroPoint) : ElementwiseKernel(elements)
    where T : unmanaged, IBinaryInteger<T>
{
    protected override void RunRange(in KernelArguments args, int first, int length)
    {
        ReadOnlySpan<T> x = args.Input<T>(0).Slice(first, length);
        Span<float> y = args.Output<float>(0).Slice(first, length);
        for (int i = 0; i < x.Length; i++)
            y[i] = AffineQuantizer.Dequantize(x[i], scale, zeroPoint);
    }
}
