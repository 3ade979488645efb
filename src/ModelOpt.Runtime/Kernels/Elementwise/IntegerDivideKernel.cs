using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>Integer division towards zero, as in C. Division by zero, which has no result, gives zero.</summary>
internal sealed class IntegerDivideKernel<T>(BroadcastShape shape) : BroadcastKernel(shape)
    where T : unmanaged, IBinaryInteger<T>
{
    protected override void Run(in KernelArguments args, int left, int right, int output, int length)
    {
        ReadOnlySpan<T> a = args.Input<T>(0), b = args.Input<T>(1);
        Span<T> c = args.Output<T>(0);
        int stepA = Shape.LeftRepeats ? 0 : 1, stepB = Shape.RightRepeats ? 0 : 1;
        for (int i = 0; i < length; i++)
        {
            T divisor = b[right + (i * stepB)], dividend = a[left + (i * stepA)];
            c[output + i] = divisor == T.Zero ? T.Zero : divisor == -T.One ? -dividend : dividend / divisor;
        }
    }
}
