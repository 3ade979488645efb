using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Storage;

namespace ModelOpt.Compiler.Emit.Storage;

/// <summary>A run of weights in one coding, and what it adds to each stream of a packed model.</summary>
internal sealed record CodedWeights(WeightCoding Coding, int Elements)
{
    /// <summary>How many are stored: all, or those that are not zero.</summary>
    public int Stored { get; init; }

    /// <summary>Rows, each with a palette of its own.</summary>
    public int Rows { get; init; } = 1;

    /// <summary>The palettes; may be empty.</summary>
    public byte[] Palettes { get; init; } = [];

    /// <summary>The bitmap and the planes of weights or places; may be empty.</summary>
    public IReadOnlyList<EncodedPlane> Planes { get; init; } = [];

    /// <summary>What is range coded, or the factor of products.</summary>
    public byte[] Bytes { get; init; } = [];

    /// <summary>The distances to the neighbours that range coding uses.</summary>
    public Neighbors Neighbors { get; init; }

    /// <summary>How many bytes behind the beginning of products that of their source lies; may be negative.</summary>
    public int Distance { get; init; }

    /// <summary>About how many bytes it takes.</summary>
    public int Size => Planes.Sum(p => p.Size) + Bytes.Length + (Palettes.Length * 3 / 4);
}

/// <summary>Writes weights in a <see cref="WeightCoding"/>; <see cref="WeightDecoder"/> reads it.</summary>
internal static class WeightEncoder
{
    /// <summary>Codes weights.</summary>
    /// <param name="bytes">The weights, a whole number of elements.</param>
    /// <param name="rows">Rows, each with a palette of its own where the coding has palettes.</param>
    /// <returns>null where a palette would be too large.</returns>
    public static CodedWeights? Encode(ReadOnlySpan<byte> bytes, WeightCoding coding, int rows = 1) => coding.ElementBytes switch
    {
        1 => Encode<sbyte>(bytes, coding, rows),
        2 => Encode<short>(bytes, coding, rows),
        _ => Encode<int>(bytes, coding, rows),
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
                return new CodedWeights(new WeightCoding(sizeof(float), WeightForm.Product, false), i)
                {
                    Bytes = BitConverter.GetBytes(candidate), Distance = distance,
                };
        }

        return null;
    }

    private static CodedWeights? RangeEncode<T>(ReadOnlySpan<byte> bytes) where T : unmanaged, IBinaryInteger<T>
    {
        ReadOnlySpan<T> weights = MemoryMarshal.Cast<byte, T>(bytes);
        T[] stored = [.. weights.ToArray().Where(w => !T.IsZero(w))];
        if (stored.Length == 0 || Palette<T>(stored) is not { } places) return null;
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
            int sign = isPositive ? 1 : 0, place = places[weights[i]] - (isPositive ? negatives : 0);
            encoder.WriteTree(model.Places[sign], bits[sign], place);
        }

        return new CodedWeights(new WeightCoding(Unsafe.SizeOf<T>(), WeightForm.RangeCoded, true), weights.Length)
        {
            Palettes = PaletteBytes(places), Bytes = encoder.End(), Neighbors = neighbors,
        };
    }

    private static CodedWeights? Encode<T>(ReadOnlySpan<byte> bytes, WeightCoding coding, int rows)
        where T : unmanaged, IBinaryInteger<T>
    {
        ReadOnlySpan<T> weights = MemoryMarshal.Cast<byte, T>(bytes);
        int rowLength = weights.Length / rows;
        List<EncodedPlane> planes = [];
        List<T> stored = new(weights.Length);
        List<byte> palettes = [], indices = [];
        byte[] bitmap = new byte[(weights.Length + 7) / 8];
        for (int row = 0; row < rows; row++)
        {
            int first = stored.Count;
            for (int i = row * rowLength; i < (row + 1) * rowLength; i++)
            {
                if (coding.Form == WeightForm.Bitmap && T.IsZero(weights[i])) continue;
                bitmap[i / 8] |= (byte)(1 << (i % 8));
                stored.Add(weights[i]);
            }

            if (!coding.HasPalette) continue;
            Span<T> ofRow = CollectionsMarshal.AsSpan(stored)[first..];

            // A row of zeros has a palette, as any other.
            if (Palette<T>(ofRow.Length == 0 ? [T.Zero] : ofRow) is not { } places) return null;
            palettes.AddRange(PaletteBytes(places));
            foreach (T weight in ofRow) indices.Add((byte)places[weight]);
        }

        if (coding.Form == WeightForm.Bitmap) planes.Add(PlaneEncoder.Encode(bitmap));
        if (coding.HasPalette) planes.Add(PlaneEncoder.Encode([.. indices]));
        else planes.AddRange(Planes<T>([.. stored], isRotated: Unsafe.SizeOf<T>() > 1).Select(PlaneEncoder.Encode));
        return new CodedWeights(coding, weights.Length)
        {
            Stored = stored.Count, Rows = rows, Palettes = [.. palettes], Planes = planes,
        };
    }

    // The distinct values, ascending, with their places; null where there are more than a palette takes.
    private static SortedList<T, int>? Palette<T>(ReadOnlySpan<T> values) where T : unmanaged, IBinaryInteger<T>
    {
        HashSet<T> distinct = [];
        foreach (T value in values)
        {
            if (distinct.Add(value) && distinct.Count > WeightCoding.MaxPalette) return null;
        }

        return new SortedList<T, int>(distinct.Order().Select((v, i) => (v, i)).ToDictionary(p => p.v, p => p.i));
    }

    private static byte[] PaletteBytes<T>(SortedList<T, int> places) where T : unmanaged, IBinaryInteger<T>
    {
        T[] entries = [.. places.Keys], differences = [.. entries];
        for (int i = 1; i < entries.Length; i++) differences[i] = unchecked(entries[i] - entries[i - 1]);
        return [(byte)(entries.Length - 1), .. Planes<T>(differences, isRotated: false).SelectMany(p => p)];
    }

    private static byte[][] Planes<T>(ReadOnlySpan<T> values, bool isRotated) where T : unmanaged, IBinaryInteger<T>
    {
        byte[][] planes = new byte[Unsafe.SizeOf<T>()][];
        for (int k = 0; k < planes.Length; k++)
        {
            planes[k] = new byte[values.Length];
            for (int i = 0; i < values.Length; i++)
                planes[k][i] = byte.CreateTruncating(T.RotateLeft(values[i], isRotated ? 1 : 0) >>> (8 * k));
        }

        return planes;
    }
}
