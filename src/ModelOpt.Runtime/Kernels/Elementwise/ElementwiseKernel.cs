using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>Divides the elements into items of equal length.</summary>
internal abstract class ElementwiseKernel(int elements, int workPerElement) : Kernel
{
    private const int ItemLength = 4096;

    public override int Items => (elements + ItemLength - 1) / ItemLength;

    public override long Work => (long)elements * workPerElement;

    public override void Run(in KernelArguments args, int start, int end)
    {
        int first = start * ItemLength;
        RunRange(args, first, Math.Min(elements, end * ItemLength) - first);
    }

    protected abstract void RunRange(in KernelArguments args, int first, int length);
}
