using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>Where the pixels of a resized axis come from: position = (i + ½)·ratio − ½ with half-pixel centres, else i·ratio.</summary>
internal sealed class ResizeAxis
{
    public ResizeAxis(int input, int output, bool alignCorners, bool halfPixelCenters, bool nearest)
    {
        float ratio = alignCorners && output > 1 ? (input - 1) / (float)(output - 1) : input / (float)output;
        First = new int[output];
        Second = new int[output];
        Weight = new float[output];
        for (int i = 0; i < output; i++)
        {
            float position = halfPixelCenters ? (i + 0.5f) * ratio : i * ratio;
            if (nearest)
            {
                float rounded = alignCorners
                    ? MathF.Round(position, MidpointRounding.AwayFromZero)
                    : MathF.Floor(position);
                First[i] = Math.Clamp((int)rounded, 0, input - 1);
                continue;
            }
            position = halfPixelCenters ? position - 0.5f : position;
            float floor = MathF.Floor(position);
            First[i] = Math.Clamp((int)floor, 0, input - 1);
            Second[i] = Math.Clamp((int)floor + 1, 0, input - 1);
            Weight[i] = position - floor;
        }
    }

    public int[] First { get; }

    public int[] Second { get; }

    /// <summary>Weight of the second pixel.</summary>
    public float[] Weight { get; }
}

/// <summary>Copies the nearest pixel; for elements of any type.</summary>
internal sealed class ResizeNearestKernel(
    int batch, int inputHeight, int inputWidth, int pixelBytes, ResizeAxis rows, ResizeAxis columns) : Kernel
{
    public override int Items => batch * rows.First.Length;

    public override long Work => (long)Items * columns.First.Length * Math.Max(1, pixelBytes / 16);

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<byte> x = args.Input<byte>(0);
        Span<byte> y = args.Output<byte>(0);
        int height = rows.First.Length, width = columns.First.Length;
        for (int item = start; item < end; item++)
        {
            int source = ((item / height * inputHeight) + rows.First[item % height]) * inputWidth;
            for (int i = 0; i < width; i++)
            {
                ReadOnlySpan<byte> pixel = x.Slice((source + columns.First[i]) * pixelBytes, pixelBytes);
                pixel.CopyTo(y[(((item * width) + i) * pixelBytes)..]);
            }
        }
    }
}

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
