using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using ModelOpt.Runtime.Storage;

namespace ModelOpt.Fuzz.Files;

/// <summary>Damages the packed form before and behind Brotli, and its header.</summary>
internal static class PackedMutator
{
    /// <summary>The file with a few damages.</summary>
    public static byte[] Mutate(Random random, byte[] packed)
    {
        switch (random.Next(4))
        {
            case 0:
                return ByteMutator.Mutate(random, packed);
            case 1:
                byte[] header = [.. packed];
                BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4 * random.Next(1, 4)), ByteMutator.Number(random));
                return header;
            default:
                return Inside(random, packed);
        }
    }

    private static byte[] Inside(Random random, byte[] packed)
    {
        int length = BinaryPrimitives.ReadInt32LittleEndian(packed.AsSpan(12));
        byte[] content = new byte[length];
        using var decoder = default(BrotliDecoder);
        if (decoder.Decompress(packed.AsSpan(PackedModel.HeaderBytes), content, out int read, out _) != OperationStatus.Done) return packed;

        // Lengths of streams and segments come first.
        byte[] changed = random.Next(3) == 0 ? ByteMutator.Mutate(random, content)
            : [.. ByteMutator.Mutate(random, content[..Math.Min(24, length)]), .. content[Math.Min(24, length)..]];
        byte[] compressed = new byte[BrotliEncoder.GetMaxCompressedLength(changed.Length) + 16];
        BrotliEncoder.TryCompress(changed, compressed, out int written, quality: 1, window: 22);
        byte[] header = packed[..PackedModel.HeaderBytes];
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), changed.Length);
        return [.. header, .. compressed.AsSpan(0, written), .. packed.AsSpan(PackedModel.HeaderBytes + read)];
    }
}
