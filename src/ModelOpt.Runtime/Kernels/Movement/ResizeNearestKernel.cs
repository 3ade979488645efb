using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Movement;

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
