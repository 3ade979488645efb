using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>Applies an operation with broadcasting. A row is divided into chunks, which are the items.</summary>
internal abstract class BroadcastKernel(BroadcastShape shape) : Kernel
{
    protected const int ChunkLength = 4096;

    private readonly int _chunks = (shape.Length + ChunkLength - 1) / ChunkLength;

    public override int Items => shape.Rows * _chunks;

    public override long Work => (long)shape.Rows * shape.Length;

    protected BroadcastShape Shape => shape;

    public override void Run(in KernelArguments args, int start, int end)
    {
        for (int item = start; item < end; item++)
        {
            int row = item / _chunks, first = item % _chunks * ChunkLength;
            (int left, int right) = shape.Offsets(row);
            Run(
                args,
                left + (shape.LeftRepeats ? 0 : first),
                right + (shape.RightRepeats ? 0 : first),
                (row * shape.Length) + first,
                Math.Min(ChunkLength, shape.Length - first));
        }
    }

    /// <summary>Computes <paramref name="length"/> elements from the given offsets on.</summary>
    protected abstract void Run(in KernelArguments args, int left, int right, int output, int length);
}
