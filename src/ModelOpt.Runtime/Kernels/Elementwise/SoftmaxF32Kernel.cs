using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>
/// softmax over the last dimension: y = e^(β·(x − max)) / Σ e^(β·(x − max)), the sum as <see cref="FixedOrderSum"/> takes it.
/// Input 0: [rows, depth] float32; output 0: the same shape.
/// </summary>
internal sealed class SoftmaxF32Kernel(int rows, int depth, float beta) : Kernel
{
    // Elements whose exponentials are computed at once, so that short rows fill vectors too.
    private const int Block = 2048;

    public override int Items => rows;

    public override long Work => 4L * rows * depth;

    public override void Run(in KernelArguments args, int start, int end)
    {
        int atOnce = Math.Max(1, Block / Math.Max(1, depth));
        for (int row = start; row < end; row += atOnce)
        {
            int from = row * depth, count = Math.Min(atOnce, end - row) * depth;
            Compute(args.Input<float>(0).Slice(from, count), args.Output<float>(0).Slice(from, count), depth, beta);
        }
    }

    /// <summary>Both spans hold whole rows of <paramref name="depth"/> elements; they may be the same.</summary>
    private static void Compute(ReadOnlySpan<float> source, Span<float> destination, int depth, float beta)
    {
        for (int begin = 0; begin < source.Length; begin += depth)
        {
            ReadOnlySpan<float> x = source.Slice(begin, depth);
            Align(x, Max(x), beta, destination.Slice(begin, depth));
        }

        MathF32.Exp(destination, destination);
        for (int begin = 0; begin < source.Length; begin += depth)
        {
            Span<float> y = destination.Slice(begin, depth);
            Divide(y, Sum(y));
        }
    }

    // Not a number where one is none.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Max(ReadOnlySpan<float> x)
    {
        float max = float.NegativeInfinity;
        int i = 0;
        if (x.Length >= Vector256<float>.Count)
        {
            Vector256<float> lanes = Vector256.Create(x);
            for (i = Vector256<float>.Count; i <= x.Length - Vector256<float>.Count; i += Vector256<float>.Count)
                lanes = Vector256.Max(lanes, Vector256.Create(x[i..]));
            for (int lane = 0; lane < Vector256<float>.Count; lane++)
                max = MathF.Max(max, lanes[lane]);
        }

        for (; i < x.Length; i++)
            max = MathF.Max(max, x[i]);
        return max;
    }

    // Rows that are no longer than a few vectors are added one element after another.
    private static float Sum(ReadOnlySpan<float> x)
    {
        if (x.Length >= 2 * Vector512<float>.Count)
            return (float)FixedOrderSum.Of(x);
        float sum = 0;
        foreach (float value in x)
            sum += value;
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Align(ReadOnlySpan<float> x, float max, float beta, Span<float> y)
    {
        int i = 0;
        Vector256<float> greatest = Vector256.Create(max), factor = Vector256.Create(beta);
        for (; i <= x.Length - Vector256<float>.Count; i += Vector256<float>.Count)
            (factor * (Vector256.Create(x[i..]) - greatest)).CopyTo(y[i..]);
        for (; i < x.Length; i++)
            y[i] = beta * (x[i] - max);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Divide(Span<float> y, float sum)
    {
        int i = 0;
        Vector256<float> divisor = Vector256.Create(sum);
        for (; i <= y.Length - Vector256<float>.Count; i += Vector256<float>.Count)
            (Vector256.Create<float>(y[i..]) / divisor).CopyTo(y[i..]);
        for (; i < y.Length; i++)
            y[i] /= sum;
    }
}
