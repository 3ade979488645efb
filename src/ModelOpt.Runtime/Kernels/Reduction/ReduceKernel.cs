using System.Numerics;
using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Reduction;

/// <summary>Sum or mean of numbers, in the order of the input.</summary>
/// <typeparam name="T">The numbers.</typeparam>
/// <typeparam name="TSum">The type of their sum.</typeparam>
internal sealed class ReduceKernel<T, TSum>(ReduceShape shape, bool mean) : Kernel
    where T : unmanaged, INumber<T>
    where TSum : unmanaged, INumber<TSum>
{
    public override long Work => shape.Inputs;

    public override int ScratchBytes => shape.Outputs * Unsafe.SizeOf<TSum>();

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<T> x = args.Input<T>(0);
        Span<TSum> sums = args.Scratch<TSum>()[..shape.Outputs];
        sums.Clear();
        for (int row = 0, i = 0; i < x.Length; row++)
        {
            (int output, int step) = shape.Row(row);
            for (int last = i + shape.RowLength; i < last; i++, output += step)
                sums[output] += TSum.CreateTruncating(x[i]);
        }
        TSum divisor = mean ? TSum.CreateTruncating(shape.Count) : TSum.One;
        Span<T> y = args.Output<T>(0);
        for (int i = 0; i < y.Length; i++)
            y[i] = T.CreateTruncating(sums[i] / divisor);
    }
}
