namespace ModelOpt.Runtime.Kernels.Contract;

/// <summary>Computes elements one by one, in items of equal length.</summary>
/// <param name="elements">Elements of the output.</param>
/// <param name="workPerElement">Cost of one element, in element operations.</param>
internal abstract class ElementwiseKernel(int elements, int workPerElement = 1) : Kernel
{
    private const int ItemLength = 4096;

    public override int Items => (elements + ItemLength - 1) / ItemLength;

    public override long Work => (long)elements * workPerElement;

    public override void Run(in KernelArguments args, int start, int end)
    {
        int first = start * ItemLength;
        RunRange(args, first, Math.Min(elements, end * ItemLength) - first);
    }

    /// <summary>Computes <paramref name="length"/> elements from <paramref name="first"/> on.</summary>
    protected abstract void RunRange(in KernelArguments args, int first, int length);
}
