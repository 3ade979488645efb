using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>
/// softmax over the last dimension: y = e^(β·(x − max)) / Σ e^(β·(x − max)), the sum taken from the first element to the last.
/// Input 0: [rows, depth] float32; output 0: the same shape.
/// </summary>
internal sealed class SoftmaxF32Kernel(int rows, int depth, float beta) : Kernel
{
    public override int Items => rows;

    public override long Work => 20L * rows * depth;

    public override void Run(in KernelArguments args, int start, int end)
    {
        int from = start * depth, count = (end - start) * depth;
        Compute(args.Input<float>(0).Slice(from, count), args.Output<float>(0).Slice(from, count), depth, beta);
    }

    /// <summary>Both spans hold whole rows of <paramref name="depth"/> elements; they may be the same.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compute(ReadOnlySpan<float> source, Span<float> destination, int depth, float beta)
    {
        for (int begin = 0; begin < source.Length; begin += depth)
        {
            ReadOnlySpan<float> x = source.Slice(begin, depth);
            Span<float> y = destination.Slice(begin, depth);
            float max = float.NegativeInfinity;
            foreach (float value in x)
                max = MathF.Max(max, value);
            for (int i = 0; i < depth; i++)
                y[i] = beta * (x[i] - max);
            MathF32.Exp(y, y);
            float sum = 0;
            foreach (float value in y)
                sum += value;
            for (int i = 0; i < depth; i++)
                y[i] /= sum;
        }
    }
}
