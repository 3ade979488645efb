using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Reduction;

/// <summary>The greatest of numbers; not a number where one is none.</summary>
/// <typeparam name="T">The numbers.</typeparam>
internal sealed class ReduceMaxKernel<T>(ReduceShape shape, T least) : Kernel
    where T : unmanaged, INumber<T>
{
    public override long Work => shape.Inputs;

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<T> x = args.Input<T>(0);
        Span<T> y = args.Output<T>(0);
        y.Fill(least);
        for (int row = 0, i = 0; i < x.Length; row++)
        {
            (int output, int step) = shape.Row(row);
            for (int last = i + shape.RowLength; i < last; i++, output += step)
                y[output] = T.Max(y[output], x[i]);
        }
    }
}
