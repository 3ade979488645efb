using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Storage;

namespace ModelOpt.Compiler.Emit.Storage;

/// <summary>A run of weights in one coding, and the bytes that it adds to each stream of a packed model.</summary>
/// <param name="Bitmap">The bitmap; may be empty.</param>
/// <param name="Palette">The palette; may be empty.</param>
/// <param name="Weights">Weights or indices, or all that is range coded, or the factor of products.</param>
/// <param name="Neighbors">The distances to the neighbours that range coding uses.</param>
/// <param name="Distance">How many bytes behind the beginning of products that of their source lies; may be negative.</param>
internal sealed record CodedWeights(WeightCoding Coding, int Elements, byte[] Bitmap, byte[] Palette, byte[] Weights,
    Neighbors Neighbors = default, int Distance = 0);

/// <summary>Writes weights in a <see cref="WeightCoding"/>; <see cref="WeightDecoder"/> reads it.</summary>
internal static class WeightEncoder
{
    /// <summary>Codes weights.</summary>
    /// <param name="bytes">The weights, a whole number of elements.</param>
    /// <returns>null where the palette would be too large for the coding's indices.</returns>
    public static CodedWeights? Encode(ReadOnlySpan<byte> bytes, WeightCoding coding) => coding.ElementBytes switch
    {
        1 => Encode<sbyte>(bytes, coding),
        2 => Encode<short>(bytes, coding),
        _ => Encode<int>(bytes, coding),
    };

    /// <summary>Range codes weights, by the neighbors that tell most.</summary>
    /// <param name="bytes">The weights, a whole number of elements.</param>
    /// <param name="elementBytes">Bytes of a weight: 1, 2 or 4.</param>
    /// <returns>null where there are too many values, or only zeros.</returns>
    public static CodedWeights? RangeEncode(ReadOnlySpan<byte> bytes, int elementBytes) => elementBytes switch
    {
        1 => RangeEncode<sbyte>(bytes),
        2 => RangeEncode<short>(bytes),
        _ => RangeEncode<int>(bytes),
    };

    /// <summary>Codes floats as products of another run.</summary>
    /// <param name="distance">How many bytes behind <paramref name="bytes"/> it begins; may be negative.</param>
    /// <returns>null where they are not that, bit by bit.</returns>
    public static CodedWeights? Product(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> source, int distance)
    {
        ReadOnlySpan<float> products = MemoryMarshal.Cast<byte, float>(bytes), factors = MemoryMarshal.Cast<byte, float>(source);
        if (products.Length != factors.Length || products.Length == 0) return null;

        // The quotient is one of the numbers beside the factor.
        float factor = products[0] / factors[0];
        foreach (float candidate in (float[])[factor, MathF.BitIncrement(factor), MathF.BitDecrement(factor)])
        {
            int i = 0;
            while (i < products.Length && BitConverter.SingleToInt32Bits(candidate * factors[i])
                == BitConverter.SingleToInt32Bits(products[i])) i++;
            if (i == products.Length)
                return new CodedWeights(new WeightCoding(sizeof(float), WeightForm.Product, 0), i, [], [], BitConverter.GetBytes(candidate),
                    Distance: distance);
        }

        return null;
    }

    private static CodedWeights? RangeEncode<T>(ReadOnlySpan<byte> bytes) where T : unmanaged, IBinaryInteger<T>
    {
        ReadOnlySpan<T> weights = MemoryMarshal.Cast<byte, T>(bytes);
        if (Palette<T>([.. weights.ToArray().Where(w => !T.IsZero(w))], WeightCoding.MaxPalette) is not { } places) return null;
        Neighbors neighbors = Neighbors.Find(weights);
        int negatives = places.Keys.Count(T.IsNegative);
        int[] bits = [NeighborModel.PlaceBits(negatives), NeighborModel.PlaceBits(places.Count - negatives)];
        NeighborModel model = new(neighbors.Near, neighbors.Far);
        RangeEncoder encoder = new();
        for (int i = 0; i < weights.Length; i++)
        {
            int context = model.Context(weights, i);
            bool isStored = !T.IsZero(weights[i]);
            encoder.Write(ref model.Stored[context], isStored);
            if (!isStored) continue;
            bool isPositive = T.IsPositive(weights[i]);
            encoder.Write(ref model.Positive[context], isPositive);
            int sign = isPositive ? 1 : 0, place = places[weights[i]] - (isPositive ? negatives : 0), node = 1;
            for (int shift = bits[sign] - 1; shift >= 0; shift--)
            {
                bool bit = (place >> shift & 1) != 0;
                encoder.Write(ref model.Places[sign][node], bit);
                node = (2 * node) + (bit ? 1 : 0);
            }
        }

        return new CodedWeights(
            new WeightCoding(Unsafe.SizeOf<T>(), WeightForm.RangeCoded, 0), weights.Length, [], PaletteBytes(places), encoder.End(),
            neighbors);
    }

    private static CodedWeights? Encode<T>(ReadOnlySpan<byte> bytes, WeightCoding coding) where T : unmanaged, IBinaryInteger<T>
    {
        ReadOnlySpan<T> weights = MemoryMarshal.Cast<byte, T>(bytes);
        byte[] bitmap = [], palette = [];
        ReadOnlySpan<T> stored = weights;
        if (coding.Form == WeightForm.Bitmap)
        {
            bitmap = new byte[(weights.Length + 7) / 8];
            List<T> nonzero = [];
            for (int i = 0; i < weights.Length; i++)
            {
                if (T.IsZero(weights[i])) continue;
                bitmap[i / 8] |= (byte)(1 << (i % 8));
                nonzero.Add(weights[i]);
            }

            stored = nonzero.ToArray();
        }

        if (coding.IndexBits == 0) return new CodedWeights(coding, weights.Length, bitmap, palette, Planes(stored));
        Dictionary<T, int>? places = Palette(stored, 1 << coding.IndexBits);
        if (places is null) return null;
        palette = PaletteBytes(places);
        int perByte = 8 / coding.IndexBits;
        byte[] indices = new byte[(stored.Length + perByte - 1) / perByte];
        for (int i = 0; i < stored.Length; i++)
            indices[i / perByte] |= (byte)(places[stored[i]] << (i % perByte * coding.IndexBits));
        return new CodedWeights(coding, weights.Length, bitmap, palette, indices);
    }

    // The distinct values, ascending, with their places; null where there are more than fit or none.
    private static Dictionary<T, int>? Palette<T>(ReadOnlySpan<T> values, int most) where T : unmanaged, IBinaryInteger<T>
    {
        SortedSet<T> distinct = [];
        foreach (T value in values)
        {
            if (distinct.Add(value) && distinct.Count > most) return null;
        }

        return distinct.Count == 0 ? null : distinct.Select((v, i) => (v, i)).ToDictionary(p => p.v, p => p.i);
    }

    private static byte[] PaletteBytes<T>(Dictionary<T, int> places) where T : unmanaged, IBinaryInteger<T>
    {
        T[] entries = [.. places.Keys], differences = [.. entries];
        for (int i = 1; i < entries.Length; i++) differences[i] = unchecked(entries[i] - entries[i - 1]);
        return [(byte)(entries.Length - 1), .. Planes<T>(differences)];
    }

    private static byte[] Planes<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        int size = Unsafe.SizeOf<T>(), count = values.Length;
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
        byte[] planes = new byte[bytes.Length];
        for (int i = 0; i < count; i++)
            for (int k = 0; k < size; k++)
                planes[(k * count) + i] = bytes[(i * size) + k];
        return planes;
    }
}
