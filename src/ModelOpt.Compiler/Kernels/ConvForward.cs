using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Kernels;

/// <summary>Float32 convolution in ONNX's layout, images divided among threads.</summary>
internal static class ConvForward
{
    // Images of a thread in training, and threads: work done once for all images of a thread should count little.
    private const int LeastImages = 16, MostBlocks = 8;

    /// <summary>
    /// The convolution. Unless in training, its bits are those of <see cref="ConvNchwF32"/>, which divides each image among threads.
    /// </summary>
    /// <param name="operands">Float32.</param>
    /// <param name="isTraining">Whether it may be rounded as <see cref="WinogradConv"/> does.</param>
    /// <param name="pool">Threads, or null.</param>
    public static void Run(in ConvShape shape, in ConvOperands operands, bool isTraining, WorkerPool? pool)
    {
        (Window2D window, int groups) = shape;
        if (isTraining && WinogradConv.Suits(window, groups))
        {
            Winograd(window, operands, pool);
            return;
        }

        (Tensor x, Tensor w, Tensor? b, Tensor y) = operands;
        ConvShape one = new(window with { Batch = 1 }, groups);
        if (window.Batch <= 1)
        {
            ConvNchwF32.Run(shape, x.As<float>(), w.As<float>(), b is null ? default : b.As<float>(), y.As<float>(), pool);
            return;
        }

        int batch = window.Batch;
        new PlaneJob(batch, n => ConvNchwF32.Run(
            one, Images(x, batch, n, n + 1), w.As<float>(), b is null ? default : b.As<float>(), Images(y, batch, n, n + 1))).Run(pool);
    }

    /// <summary>Some images of a batch.</summary>
    /// <param name="tensor">[N, …].</param>
    internal static Span<float> Images(Tensor tensor, int batch, int first, int end)
    {
        int length = tensor.Count / batch;
        return tensor.As<float>().Slice(first * length, (end - first) * length);
    }

    private static void Winograd(Window2D window, ConvOperands operands, WorkerPool? pool)
    {
        (Tensor x, Tensor w, Tensor? b, Tensor y) = operands;
        int blocks = pool is null ? 1 : Math.Clamp(window.Batch / LeastImages, 1, MostBlocks), batch = window.Batch;
        WinogradConv conv = new(window);
        new PlaneJob(blocks, block =>
        {
            int first = (int)((long)batch * block / blocks), end = (int)((long)batch * (block + 1) / blocks);
            conv.Convolve(Images(x, batch, first, end), w.As<float>(), b is null ? default : b.As<float>(), Images(y, batch, first, end));
        }).Run(pool);
    }
}
