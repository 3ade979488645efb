using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>Where each row that differs comes first, −1 behind; which each row is; and how often each comes, 0 behind.</summary>
internal sealed class UniqueKernel<T>(int count, int width, bool isSorted) : Kernel
    where T : unmanaged, INumber<T>
{
    private const int WorkOfOne = 16;

    public override int ScratchBytes => 3 * sizeof(int) * count;

    public override long Work => (long)count * (width + 1) * WorkOfOne;

    public override void Run(in KernelArguments args, int start, int end)
    {
        Span<long> first = args.Output<long>(0), counts = args.Output<long>(2);
        first.Fill(-1);
        counts.Clear();
        new DistinctRows<T>(args.Input<T>(0), width, isSorted).Find(first, args.Output<long>(1), counts, args.Scratch<int>());
    }
}
