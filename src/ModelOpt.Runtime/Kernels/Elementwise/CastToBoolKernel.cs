using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>1 for every element that is not zero.</summary>
internal sealed class CastToBoolKernel<TSource>(int elements) : Kernel
    where TSource : unmanaged, INumberBase<TSource>
{
    public override long Work => elements;

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<TSource> x = args.Input<TSource>(0);
        Span<byte> y = args.Output<byte>(0);
        for (int i = 0; i < elements; i++)
            y[i] = TSource.IsZero(x[i]) ? (byte)0 : (byte)1;
    }
}
