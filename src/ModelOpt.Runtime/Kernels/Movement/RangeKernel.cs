using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>start + i · delta.</summary>
internal sealed class RangeKernel<T>(int count) : Kernel
    where T : unmanaged, INumber<T>
{
    public override long Work => count;

    public override void Run(in KernelArguments args, int start, int end)
    {
        T first = args.Input<T>(0)[0], delta = args.Input<T>(2)[0];
        Span<T> y = args.Output<T>(0);
        for (int i = 0; i < y.Length; i++)
            y[i] = unchecked(first + (T.CreateTruncating(i) * delta));
    }
}
