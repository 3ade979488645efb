using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Pooling;

/// <summary>Walks over the windows of a pooling operator. One row of output pixels is one item.</summary>
internal abstract class PoolKernel(Window2D window) : Kernel
{
    public override int Items => window.Batch * window.OutputHeight;

    public override long Work =>
        (long)Items * window.OutputWidth * window.KernelHeight * window.KernelWidth * window.InputChannels;

    protected int Channels => window.InputChannels;

    public override void Run(in KernelArguments args, int start, int end)
    {
        Window2D w = window;
        for (int item = start; item < end; item++)
        {
            int n = item / w.OutputHeight, oy = item % w.OutputHeight;
            int top = (oy * w.StrideHeight) - w.PadTop;
            int y0 = Math.Max(top, 0), y1 = Math.Min(top + w.KernelHeight, w.InputHeight);
            for (int ox = 0; ox < w.OutputWidth; ox++)
            {
                int left = (ox * w.StrideWidth) - w.PadLeft;
                int x0 = Math.Max(left, 0), x1 = Math.Min(left + w.KernelWidth, w.InputWidth);
                int first = ((((n * w.InputHeight) + y0) * w.InputWidth) + x0) * w.InputChannels;
                int output = ((item * w.OutputWidth) + ox) * w.InputChannels;
                Pool(args, first, w.InputWidth * w.InputChannels, Math.Max(y1 - y0, 0), Math.Max(x1 - x0, 0), output);
            }
        }
    }

    /// <summary>Pools <paramref name="rows"/>×<paramref name="columns"/> pixels that lie inside of the input.</summary>
    protected abstract void Pool(in KernelArguments args, int first, int rowStride, int rows, int columns, int output);
}
