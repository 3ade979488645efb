using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Quantize;

/// <summary>float32 → int16 or int32: see <see cref="AffineQuantizer"/>.</summary>
internal sealed class QuantizeWideKernel<T>(int elements, float scale, int zeroPoint) : ElementwiseKernel(elements)
    where T : unmanaged, IBinaryInteger<T>
{
    protected override void RunRange(in KernelArguments args, int first, int length)
    {
        ReadOnlySpan<float> x = args.Input<float>(0).Slice(first, length);
        Span<T> y = args.Output<T>(0).Slice(first, length);
        for (int i = 0; i < x.Length; i++)
            y[i] = AffineQuantizer.Quantize<T>(x[i], scale, zeroPoint);
    }
}
