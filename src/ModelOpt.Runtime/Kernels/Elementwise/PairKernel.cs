using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>A function of two numbers to one that may have another type.</summary>
internal interface IPairOperation<TOperand, TResult>
{
    static abstract TResult Apply(TOperand left, TOperand right);
}

/// <summary>left ∘ right, one pair at a time.</summary>
internal sealed class PairKernel<TOperand, TResult, TOperation>(BroadcastShape shape) : BroadcastKernel(shape)
    where TOperand : unmanaged
    where TResult : unmanaged
    where TOperation : struct, IPairOperation<TOperand, TResult>
{
    protected override void Run(in KernelArguments args, int left, int right, int output, int length)
    {
        ReadOnlySpan<TOperand> a = args.Input<TOperand>(0), b = args.Input<TOperand>(1);
        Span<TResult> c = args.Output<TResult>(0).Slice(output, length);
        int stepA = Shape.LeftRepeats ? 0 : 1, stepB = Shape.RightRepeats ? 0 : 1;
        for (int i = 0; i < c.Length; i++)
            c[i] = TOperation.Apply(a[left + (i * stepA)], b[right + (i * stepB)]);
    }
}
