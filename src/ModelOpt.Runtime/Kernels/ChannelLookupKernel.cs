using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// A function of one byte that depends on the index along an axis, as one table of 256 entries for each index: the input
/// is [outer, channels, inner].
/// </summary>
internal sealed unsafe class ChannelLookupKernel<T>(int outer, int channels, int inner, T[] tables) : Kernel
    where T : unmanaged
{
    // More channels than that are faster one by one.
    private const int MaxPixelChannels = 4;

    private readonly PixelLookup? _pixels =
        inner == 1 && channels <= MaxPixelChannels && tables is byte[] bytes ? new PixelLookup(bytes) : null;

    /// <summary>The tables of the planes of an image of this shape if the channels are its planes; else null.</summary>
    public T[]? PlaneTables(int images, int planes, int pixels)
    {
        if (channels == 1 && outer * inner == images * planes * pixels)
            return [.. Enumerable.Range(0, planes).SelectMany(_ => tables)];
        return outer == images && channels == planes && inner == pixels ? tables : null;
    }

    public override int Items => inner == 1 ? outer : outer * channels;

    public override long Work => (long)outer * channels * inner;

    public override bool ReadsAnywhere => true;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(in KernelArguments args, int start, int end)
    {
        if (tables is byte[] bytes && inner != 1)
        {
            for (int item = start; item < end; item++)
                LookupTableKernel.Apply(
                    bytes.AsSpan(item % channels * 256, 256), args.Input<byte>(0).Slice(item * inner, inner),
                    args.Output<byte>(0).Slice(item * inner, inner));
            return;
        }
        if (_pixels is not null)
        {
            fixed (byte* from = args.Input<byte>(0), to = args.Output<byte>(0))
                _pixels.Run(from + (start * channels), to + (start * channels), (end - start) * channels);
            return;
        }
        ReadOnlySpan<byte> x = args.Input<byte>(0);
        Span<T> y = args.Output<T>(0);
        ReadOnlySpan<T> all = tables;
        if (inner != 1)
        {
            for (int item = start; item < end; item++)
            {
                ReadOnlySpan<T> table = all.Slice(item % channels * 256, 256);
                for (int i = item * inner; i < (item + 1) * inner; i++)
                    y[i] = table[x[i]];
            }
            return;
        }
        for (int c = 0; c < channels; c++)
        {
            ReadOnlySpan<T> table = all.Slice(c * 256, 256);
            for (int i = (start * channels) + c; i < end * channels; i += channels)
                y[i] = table[x[i]];
        }
    }
}
