using System.Buffers.Binary;
using ModelOpt.Compiler.Emit.Storage;
using ModelOpt.Runtime.Storage;

namespace ModelOpt.Fuzz.Files;

/// <summary>Damages the packed form inside its content and outside, and its header.</summary>
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
                BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4 * random.Next(1, 5)), ByteMutator.Number(random));
                return header;
            default:
                return Inside(random, packed);
        }
    }

    private static byte[] Inside(Random random, byte[] packed)
    {
        int length = BinaryPrimitives.ReadInt32LittleEndian(packed.AsSpan(12));
        int coded = BinaryPrimitives.ReadInt32LittleEndian(packed.AsSpan(16));
        byte[] content = new byte[length];
        MatchDecoder.Decode(packed.AsSpan(PackedModel.HeaderBytes, coded), content);

        // Lengths of streams and segments come first.
        byte[] changed = random.Next(3) == 0 ? ByteMutator.Mutate(random, content)
            : [.. ByteMutator.Mutate(random, content[..Math.Min(24, length)]), .. content[Math.Min(24, length)..]];
        return ModelPacker.Join(
            BinaryPrimitives.ReadInt32LittleEndian(packed.AsSpan(4)), BinaryPrimitives.ReadUInt32LittleEndian(packed.AsSpan(8)), changed,
            packed[(PackedModel.HeaderBytes + coded)..]);
    }
}
