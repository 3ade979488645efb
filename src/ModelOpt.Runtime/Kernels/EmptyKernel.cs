using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels;

/// <summary>Computes tensors without elements.</summary>
internal sealed class EmptyKernel : Kernel
{
    public override void Run(in KernelArguments args, int start, int end)
    {
    }
}
