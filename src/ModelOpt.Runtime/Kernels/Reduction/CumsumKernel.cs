using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Reduction;

/// <summary>Sums of all numbers of a line up to each.</summary>
/// <typeparam name="T">The numbers.</typeparam>
/// <param name="exclusive">Leave the number itself out.</param>
/// <param name="reverse">Begin at the end.</param>
internal sealed class CumsumKernel<T>(AxisLines lines, bool exclusive, bool reverse) : Kernel
    where T : unmanaged, INumber<T>
{
    public override int Items => lines.Lines;

    public override long Work => (long)lines.Lines * lines.Length;

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<T> x = args.Input<T>(0);
        Span<T> y = args.Output<T>(0);
        for (int line = start; line < end; line++)
        {
            int at = lines.Start(line);
            T sum = T.Zero;
            for (int k = 0; k < lines.Length; k++)
            {
                int i = at + ((reverse ? lines.Length - 1 - k : k) * lines.Step);
                T next = unchecked(sum + x[i]);
                y[i] = exclusive ? sum : next;
                sum = next;
            }
        }
    }
}
