using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Reduction;

/// <summary>
/// Sum or mean of float32 over the middle of [outer, count, inner]. It adds in double precision: many neighbours of one size round
/// the same way in float32, and a LayerNormalization divides by the deviation from such a mean.
/// Input 0: the values; output 0: [outer, inner].
/// </summary>
/// <param name="outer">Independent sums.</param>
/// <param name="count">Values summed.</param>
/// <param name="inner">Neighbouring sums, such as channels.</param>
/// <param name="mean">Divide by the count.</param>
internal sealed class AxisSumF32Kernel(int outer, int count, int inner, bool mean) : Kernel
{
    private readonly double _divisor = mean ? count : 1;

    public override int Items => outer;

    public override long Work => (long)outer * count * inner;

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<float> x = args.Input<float>(0);
        Span<float> y = args.Output<float>(0);
        int length = count * inner;
        for (int item = start; item < end; item++)
        {
            ReadOnlySpan<float> values = x.Slice(item * length, length);
            if (inner == 1)
                y[item] = (float)(FixedOrderSum.Of(values) / _divisor);
            else
                Columns(values, y.Slice(item * inner, inner));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Columns(ReadOnlySpan<float> values, Span<float> sums)
    {
        int c = 0;
        ref float first = ref MemoryMarshal.GetReference(values);
        for (; c <= inner - Vector<float>.Count; c += Vector<float>.Count)
        {
            Vector<double> low = Vector<double>.Zero, high = Vector<double>.Zero;
            for (int k = 0; k < count; k++)
            {
                Vector.Widen(Vector.LoadUnsafe(ref first, (nuint)((k * inner) + c)), out Vector<double> lower, out Vector<double> upper);
                low += lower;
                high += upper;
            }

            Vector.Narrow(low / new Vector<double>(_divisor), high / new Vector<double>(_divisor)).CopyTo(sums[c..]);
        }

        for (; c < inner; c++)
        {
            double sum = 0;
            for (int k = 0; k < count; k++)
                sum += values[(k * inner) + c];
            sums[c] = (float)(sum / _divisor);
        }
    }
}
