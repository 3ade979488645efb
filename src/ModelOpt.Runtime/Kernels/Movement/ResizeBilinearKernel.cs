using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>Interpolates between four pixels in float32; 8-bit results are rounded to even.</summary>
internal sealed class ResizeBilinearKernel<T>(
    int batch, int inputHeight, int inputWidth, int channels, ResizeAxis rows, ResizeAxis columns) : Kernel
    where T : unmanaged, INumber<T>
{
    public override int Items => batch * rows.First.Length;

    public override long Work => 8L * Items * columns.First.Length * channels;

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<T> x = args.Input<T>(0);
        Span<T> y = args.Output<T>(0);
        int height = rows.First.Length, width = columns.First.Length;
        for (int item = start; item < end; item++)
        {
            int image = item / height * inputHeight, row = item % height;
            int top = (image + rows.First[row]) * inputWidth, bottom = (image + rows.Second[row]) * inputWidth;
            float down = rows.Weight[row];
            for (int i = 0; i < width; i++)
            {
                int left = columns.First[i], right = columns.Second[i];
                float across = columns.Weight[i];
                for (int c = 0; c < channels; c++)
                {
                    float upper = Mix(Value(x, top + left, c), Value(x, top + right, c), across);
                    float lower = Mix(Value(x, bottom + left, c), Value(x, bottom + right, c), across);
                    float value = Mix(upper, lower, down);
                    y[(((item * width) + i) * channels) + c] =
                        T.CreateSaturating(typeof(T) == typeof(float) ? value : MathF.Round(value));
                }
            }
        }
    }

    private static float Mix(float a, float b, float weight) => (a * (1 - weight)) + (b * weight);

    private float Value(ReadOnlySpan<T> x, int pixel, int channel) =>
        float.CreateTruncating(x[(pixel * channels) + channel]);
}
