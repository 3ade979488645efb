using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>A transcendental function of each element.</summary>
internal sealed class MathF32Kernel<TOperation>(int elements) : ElementwiseKernel(elements, 10)
    where TOperation : struct, IUnaryOperation
{
    protected override void RunRange(in KernelArguments args, int first, int length) =>
        VectorMap.Apply<TOperation>(
            SimdTiers.Best, args.Input<float>(0).Slice(first, length), args.Output<float>(0).Slice(first, length));
}
