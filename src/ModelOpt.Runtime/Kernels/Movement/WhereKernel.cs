using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>The indices of elements that are not zero, in their order.</summary>
internal sealed class WhereKernel<T>(int[] shape) : Kernel
    where T : unmanaged, INumber<T>
{
    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<T> x = args.Input<T>(0);
        Span<long> places = args.Output<long>(0);
        for (int i = 0; i < x.Length; i++)
        {
            if (T.IsZero(x[i]))
                continue;
            int rest = i;
            for (int axis = shape.Length - 1; axis >= 0; axis--)
            {
                places[axis] = rest % shape[axis];
                rest /= shape[axis];
            }

            places = places[shape.Length..];
        }
    }
}
