using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Convolution;

/// <summary>
/// The blocks of a layer's weights that are not all zero, in the order in which <see cref="SparseTileEmitter"/> reads them. A block is
/// four neighbouring input channels of one tap and one output channel; the last of a tap is padded with zeros. A block that
/// <see cref="ByteProduct.Bytes"/> can't multiply exactly is listed in two halves. Channels are
/// ordered by their number of blocks, so that the processor foresees where their loops end.
/// </summary>
internal sealed unsafe class SparseBlocks
{
    private readonly AlignedBuffer<long> _blocks;
    private readonly AlignedBuffer<SparseChannel> _channels;

    /// <param name="product">How blocks are multiplied.</param>
    /// <param name="weights">[channels, taps, inputs].</param>
    /// <param name="inputs">Weights of a tap.</param>
    /// <param name="groups">Divides the channels; those of a group see as many inputs of each tap, side by side.</param>
    /// <param name="starts">[channels] where the sums start.</param>
    /// <param name="multipliers">[channels] of the sums.</param>
    /// <param name="patchBytes">Bytes of the patches from one block's input to the next.</param>
    /// <param name="rowBytes">Bytes from the results of one channel to those of the next.</param>
    public SparseBlocks(
        ByteProduct product, ReadOnlySpan<sbyte> weights, int inputs, int groups, ReadOnlySpan<int> starts,
        ReadOnlySpan<float> multipliers, int patchBytes, int rowBytes)
    {
        bool split = product == ByteProduct.Bytes;
        Channels = starts.Length;
        int k = weights.Length / Channels, at = 0, groupBytes = (inputs + 3) / 4 * patchBytes;
        var counts = new int[Channels];
        var order = new int[Channels];
        for (int channel = 0; channel < Channels; channel++)
        {
            // A channel without weights has one block of zeros.
            counts[channel] = Math.Max(1, Count(product, weights.Slice(channel * k, k), inputs));
            order[channel] = channel;
            at += counts[channel];
        }

        Array.Sort(counts, order);
        _blocks = new AlignedBuffer<long>(at);
        _channels = new AlignedBuffer<SparseChannel>(Channels);
        long* next = _blocks.Pointer;
        for (int i = 0; i < Channels; i++)
        {
            int channel = order[i];
            _channels.Pointer[i] = new SparseChannel
            {
                Count = counts[i], Row = (long)channel * rowBytes, Start = starts[channel], Multiplier = multipliers[channel],
            };
            int group = channel / (Channels / groups);
            Pack(split, weights.Slice(channel * k, k), inputs, group * groupBytes, patchBytes, (groups - 1) * groupBytes, next);
            next += counts[i];
        }
    }

    public int Channels { get; }

    /// <summary>Valid while this object is alive, as are the channels.</summary>
    public long* Blocks => _blocks.Pointer;

    public SparseChannel* ChannelTable => _channels.Pointer;

    /// <summary>How blocks are multiplied.</summary>
    public static ByteProduct Product(Target target) => target.HasDot ? ByteProduct.Dot : ByteProduct.Bytes;

    /// <summary>Blocks that are listed: those that are not all zero, and other halves.</summary>
    /// <param name="product">How blocks are multiplied.</param>
    /// <param name="weights">[.., inputs].</param>
    /// <param name="inputs">Weights of a tap.</param>
    public static int Count(ByteProduct product, ReadOnlySpan<sbyte> weights, int inputs)
    {
        int count = Count(weights, inputs);
        if (product != ByteProduct.Bytes)
            return count;
        fixed (sbyte* from = weights)
        {
            for (int i = 0; i < weights.Length; i += Step(i, inputs))
                count += Halves(Block(from + i, Step(i, inputs))) == 0 ? 0 : 1;
        }

        return count;
    }

    /// <summary>Blocks that are not all zero.</summary>
    /// <param name="weights">[.., inputs].</param>
    /// <param name="inputs">Weights of a tap.</param>
    public static int Count(ReadOnlySpan<sbyte> weights, int inputs)
    {
        int count = 0;
        fixed (sbyte* from = weights)
        {
            int i = 0;
            if (inputs % 4 == 0)
            {
                Vector128<int> zeros = default;
                for (; i <= weights.Length - 16; i += 16)
                    zeros += Vector128.Equals(Vector128.Load((int*)(from + i)), default);
                count = (i / 4) + Vector128.Sum(zeros);
            }

            for (; i < weights.Length; i += Step(i, inputs))
                count += Block(from + i, Step(i, inputs)) == 0 ? 0 : 1;
        }

        return count;
    }

    /// <param name="split">Whether blocks are listed in halves where they need it.</param>
    /// <param name="weights">[taps, inputs] of a channel.</param>
    /// <param name="inputs">Weights of a tap.</param>
    /// <param name="first">Bytes from the patches to the channel's first.</param>
    /// <param name="patchBytes">Bytes from one block's input to the next.</param>
    /// <param name="skipped">Bytes of other groups between two taps.</param>
    /// <param name="next">Receives the blocks.</param>
    private static void Pack(bool split, ReadOnlySpan<sbyte> weights, int inputs, int first, int patchBytes, int skipped, long* next)
    {
        uint patch = (uint)first;
        fixed (sbyte* from = weights)
        {
            for (int tap = 0; tap < weights.Length; tap += inputs, patch += (uint)skipped)
            {
                for (int i = 0; i < inputs; i += 4, patch += (uint)patchBytes)
                {
                    uint block = Block(from + tap + i, Math.Min(4, inputs - i));
                    uint halves = split ? Halves(block) : 0;
                    if (block != 0)
                        *next++ = (long)(((ulong)Less(block, halves) << 32) | patch);
                    if (halves != 0)
                        *next++ = (long)(((ulong)halves << 32) | patch);
                }
            }
        }
    }

    /// <summary>Halves of those weights of a block whose products together may saturate; zeros for the others.</summary>
    private static uint Halves(uint block)
    {
        uint halves = 0;
        for (int pair = 0; pair < 32; pair += 16)
        {
            int first = (sbyte)(block >> pair), second = (sbyte)(block >> (pair + 8));
            if (ByteProducts.Saturates(first, second))
                halves |= (((uint)(first >> 1) & 0xFF) | (((uint)(second >> 1) & 0xFF) << 8)) << pair;
        }

        return halves;
    }

    /// <summary>Weights of a block less others.</summary>
    private static uint Less(uint block, uint others)
    {
        uint rest = 0;
        for (int i = 0; i < 32; i += 8)
            rest |= (((block >> i) - (others >> i)) & 0xFF) << i;
        return rest;
    }

    /// <summary>Weights of the block that begins at an index: four, or the rest of the tap.</summary>
    private static int Step(int index, int inputs) => Math.Min(4, inputs - (index % inputs));

    /// <summary>Up to four neighbouring weights, the first in the lowest bits.</summary>
    public static uint Block(sbyte* weights, int count)
    {
        uint block = 0;
        for (int i = count - 1; i >= 0; i--)
            block = (block << 8) | (byte)weights[i];
        return block;
    }
}
