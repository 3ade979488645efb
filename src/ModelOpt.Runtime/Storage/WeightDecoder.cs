using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelOpt.Runtime.Storage;

/// <summary>The streams of a <see cref="PackedModel"/> that weights are decoded from.</summary>
internal ref struct WeightStreams
{
    public ByteCursor Bitmaps;
    public ByteCursor Palettes;
    public ByteCursor Weights;
    public ByteCursor RangeCoded;
}

/// <summary>Decodes one run of weights.</summary>
internal static class WeightDecoder
{
    /// <summary>Decodes weights.</summary>
    /// <typeparam name="T">The signed integer of a weight's size.</typeparam>
    /// <param name="bytes">Takes all of them.</param>
    /// <param name="coding">How they are stored.</param>
    /// <param name="streams">What is read.</param>
    /// <exception cref="InvalidModelException">The streams are too short or contradict each other.</exception>
    public static void Decode<T>(scoped Span<byte> bytes, WeightCoding coding, ref WeightStreams streams)
        where T : unmanaged, IBinaryInteger<T>
    {
        Span<T> target = MemoryMarshal.Cast<byte, T>(bytes);
        bool hasBitmap = coding.Form == WeightForm.Bitmap;
        ReadOnlySpan<byte> bitmap = hasBitmap ? streams.Bitmaps.Take((int)((target.Length + 7L) / 8)) : default;
        int stored = hasBitmap ? CountOnes(bitmap) : target.Length;
        if (stored > target.Length)
            throw new InvalidModelException("The packed model is damaged: a bitmap marks more weights than there are.");

        // The stored weights are decoded into the end; spreading them forward never overwrites unread ones.
        Span<T> dense = target[^stored..];
        if (coding.IndexBits == 0)
            JoinPlanes(dense, streams.Weights.Take(Unsafe.SizeOf<T>() * stored));
        else
            LookUp(dense, coding.IndexBits, ref streams);
        if (hasBitmap)
            Spread(target, dense, bitmap);
    }

    /// <summary>Decodes weights that are range coded.</summary>
    /// <typeparam name="T">The signed integer of a weight's size.</typeparam>
    /// <param name="bytes">Takes all of them.</param>
    /// <param name="model">The prediction of each weight from those before it; new.</param>
    /// <param name="coded">How many bytes of the stream they are.</param>
    /// <param name="streams">What is read.</param>
    /// <exception cref="InvalidModelException">The streams are too short.</exception>
    public static void Decode<T>(scoped Span<byte> bytes, NeighborModel model, int coded, ref WeightStreams streams)
        where T : unmanaged, IBinaryInteger<T>
    {
        Span<T> target = MemoryMarshal.Cast<byte, T>(bytes);
        Span<T> palette = stackalloc T[2 * WeightCoding.MaxPalette];
        int entries = ReadPalette(palette, ref streams), negatives = 0;
        while (negatives < entries && T.IsNegative(palette[negatives]))
            negatives++;
        int negativeBits = NeighborModel.PlaceBits(negatives), positiveBits = NeighborModel.PlaceBits(entries - negatives);
        var decoder = new RangeDecoder(streams.RangeCoded.Take(coded));
        for (int i = 0; i < target.Length; i++)
        {
            int context = model.Context<T>(target, i);
            if (!decoder.Read(ref model.Stored[context]))
            {
                target[i] = T.Zero;
                continue;
            }
            bool positive = decoder.Read(ref model.Positive[context]);
            AdaptiveBit[] places = model.Places[positive ? 1 : 0];
            int bits = positive ? positiveBits : negativeBits, node = 1;
            for (int bit = 0; bit < bits; bit++)
                node = (2 * node) + (decoder.Read(ref places[node]) ? 1 : 0);
            target[i] = palette[(positive ? negatives : 0) + node - (1 << bits)];
        }
    }

    // Entries ascend and are stored as differences. An index past them finds a zero, which the checksum detects like any other damage.
    private static int ReadPalette<T>(scoped Span<T> palette, ref WeightStreams streams)
        where T : unmanaged, IBinaryInteger<T>
    {
        int entries = streams.Palettes.Take(1)[0] + 1;
        JoinPlanes(palette[..entries], streams.Palettes.Take(Unsafe.SizeOf<T>() * entries));
        for (int i = 1; i < entries; i++)
            palette[i] += palette[i - 1];
        palette[entries..].Clear();
        return entries;
    }

    private static void LookUp<T>(scoped Span<T> dense, int bits, ref WeightStreams streams)
        where T : unmanaged, IBinaryInteger<T>
    {
        Span<T> palette = stackalloc T[WeightCoding.MaxPalette];
        ReadPalette(palette, ref streams);
        int perByte = 8 / bits, mask = (1 << bits) - 1;
        ReadOnlySpan<byte> indices = streams.Weights.Take((int)(((long)dense.Length + perByte - 1) / perByte));
        if (bits == 8)
        {
            for (int i = 0; i < dense.Length; i++)
                dense[i] = palette[indices[i]];
            return;
        }
        for (int i = 0; i < dense.Length; i++)
            dense[i] = palette[(indices[i / perByte] >> (i % perByte * bits)) & mask];
    }

    private static void JoinPlanes<T>(Span<T> target, ReadOnlySpan<byte> planes)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (Unsafe.SizeOf<T>() == 1)
        {
            planes.CopyTo(MemoryMarshal.AsBytes(target));
            return;
        }
        target.Clear();
        for (int shift = 0; planes.Length > 0; shift += 8)
        {
            for (int i = 0; i < target.Length; i++)
                target[i] |= T.CreateTruncating(planes[i]) << shift;
            planes = planes[target.Length..];
        }
    }

    private static void Spread<T>(Span<T> target, ReadOnlySpan<T> dense, ReadOnlySpan<byte> bitmap)
        where T : unmanaged
    {
        int next = 0;
        for (int i = 0; i < bitmap.Length; i++)
        {
            // Values are taken before zeros are written: the last ones lie in the very block.
            Span<T> block = target[(8 * i)..Math.Min(8 * i + 8, target.Length)];
            uint ones = bitmap[i];
            if (ones >> block.Length != 0)
                throw new InvalidModelException("The packed model is damaged: a bitmap marks weights past the last.");
            for (int k = 0; k < block.Length; k++)
                block[k] = (ones >> k & 1) != 0 ? dense[next++] : default;
        }
    }

    private static int CountOnes(ReadOnlySpan<byte> bitmap)
    {
        int count = 0;
        foreach (byte b in bitmap)
            count += BitOperations.PopCount(b);
        return count;
    }
}
