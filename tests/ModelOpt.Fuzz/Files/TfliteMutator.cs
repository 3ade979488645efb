using System.Buffers.Binary;

namespace ModelOpt.Fuzz.Files;

/// <summary>Changes numbers of a TFLite file where they are.</summary>
internal static class TfliteMutator
{
    /// <summary>The file with a few changes.</summary>
    public static byte[] Mutate(Random random, byte[] file)
    {
        if (random.Next(12) == 0) return ByteMutator.Mutate(random, file);
        TfliteSites sites = TfliteSites.Of(file);
        byte[] copy = [.. file];
        for (int i = random.Next(1, 4); i > 0; i--) One(random, copy, sites);
        return copy;
    }

    private static void One(Random random, byte[] file, TfliteSites sites)
    {
        switch (random.Next(5))
        {
            case 0 when sites.Dimensions.Count > 0:
                Dimension(random, file, sites.Dimensions);
                break;
            case 1 when sites.Bytes.Count > 0:
                file[sites.Bytes[random.Next(sites.Bytes.Count)]] = (byte)(random.Next(3) == 0 ? random.Next(256) : random.Next(20));
                break;
            case 2 when sites.Words.Count > 1:
                Span<byte> from = file.AsSpan(sites.Words[random.Next(sites.Words.Count)], 4),
                    to = file.AsSpan(sites.Words[random.Next(sites.Words.Count)], 4);
                from.CopyTo(to);
                break;
            case 3 when sites.Words.Count > 0:
                Span<byte> at = file.AsSpan(sites.Words[random.Next(sites.Words.Count)]);
                BinaryPrimitives.WriteInt32LittleEndian(at, BinaryPrimitives.ReadInt32LittleEndian(at) + random.Next(-2, 3));
                break;
            case 4 when sites.Words.Count > 0:
                BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(sites.Words[random.Next(sites.Words.Count)]),
                    ByteMutator.Number(random));
                break;
            default:
                file[random.Next(file.Length)] = (byte)random.Next(256);
                break;
        }
    }

    // One dimension, or every one of the same size: so whole models of another size come about.
    private static void Dimension(Random random, byte[] file, List<int> dimensions)
    {
        int chosen = dimensions[random.Next(dimensions.Count)];
        int old = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(chosen));
        int size = random.Next(4) switch { 0 => 0, 1 => ByteMutator.Number(random), _ => Math.Max(0, old + random.Next(-2, 3)) };
        bool all = random.Next(2) == 0;
        foreach (int at in dimensions)
        {
            if (at == chosen || (all && BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at)) == old))
                BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), size);
        }
    }
}
