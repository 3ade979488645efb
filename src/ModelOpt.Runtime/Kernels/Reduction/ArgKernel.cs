using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Reduction;

/// <summary>Where along a dimension the greatest or least number is, the first of equal ones.</summary>
/// <typeparam name="T">The numbers.</typeparam>
/// <typeparam name="TIndex">The type of the positions.</typeparam>
internal sealed class ArgKernel<T, TIndex>(AxisLines lines, bool greatest) : Kernel
    where T : unmanaged, INumber<T>
    where TIndex : unmanaged, INumber<TIndex>
{
    public override int Items => lines.Lines;

    public override long Work => (long)lines.Lines * lines.Length;

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<T> x = args.Input<T>(0);
        Span<TIndex> y = args.Output<TIndex>(0);
        for (int line = start; line < end; line++)
        {
            int at = lines.Start(line), best = 0;
            T current = x[at];
            for (int i = 1; i < lines.Length; i++)
            {
                T element = x[at + (i * lines.Step)];
                if (greatest ? element > current : element < current)
                    (best, current) = (i, element);
            }
            y[line] = TIndex.CreateTruncating(best);
        }
    }
}
