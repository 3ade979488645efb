using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelOpt.Runtime.Storage;

/// <summary>Decodes one run of weights.</summary>
internal static class WeightDecoder
{
    /// <summary>Decodes weights.</summary>
    /// <param name="run">How they are stored.</param>
    /// <param name="target">Takes all of them.</param>
    /// <exception cref="InvalidModelException">The parts of the run contradict each other.</exception>
    public static void Decode(CodedRun run, Span<byte> target)
    {
        switch (run.Coding.ElementBytes)
        {
            case 1: Decode<byte>(run, target); break;
            case 2: Decode<ushort>(run, target); break;
            default: Decode<uint>(run, target); break;
        }
    }

    private static void Decode<T>(CodedRun run, Span<byte> bytes)
        where T : unmanaged, IBinaryInteger<T>
    {
        Span<T> target = MemoryMarshal.Cast<byte, T>(bytes);
        if (run.Coding.Form == WeightForm.RangeCoded)
        {
            switch (run.Coding.ElementBytes)
            {
                case 1: DecodeRange(run, MemoryMarshal.Cast<byte, sbyte>(bytes)); break;
                case 2: DecodeRange(run, MemoryMarshal.Cast<byte, short>(bytes)); break;
                default: DecodeRange(run, MemoryMarshal.Cast<byte, int>(bytes)); break;
            }
            return;
        }

        if (run.Coding is { ElementBytes: 1, Form: WeightForm.Dense, HasPalette: false })
        {
            run.Planes[0].Decode(bytes);
            return;
        }

        byte[] rented = ArrayPool<byte>.Shared.Rent(Math.Max(1, run.Planes.Max(p => p.Count)));
        bool hasBitmap = run.Coding.Form == WeightForm.Bitmap;
        byte[] rentedBitmap = hasBitmap ? ArrayPool<byte>.Shared.Rent(Math.Max(1, run.Planes[0].Count)) : [];
        try
        {
            Span<byte> bitmap = rentedBitmap.AsSpan(0, hasBitmap ? run.Planes[0].Count : 0);
            if (hasBitmap)
                run.Planes[0].Decode(bitmap);
            if (hasBitmap && CountOnes(bitmap) != run.Stored)
                throw new InvalidModelException("The packed model is damaged: a bitmap marks other weights than there are.");

            // The stored weights are decoded into the end; spreading them forward never overwrites unread ones.
            Span<T> dense = target[^run.Stored..];
            if (run.Coding.HasPalette)
                LookUp(run, bitmap, rented, dense);
            else
                JoinPlanes(run, hasBitmap ? 1 : 0, rented, dense);
            if (hasBitmap)
                Spread(target, dense, bitmap);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
            if (hasBitmap)
                ArrayPool<byte>.Shared.Return(rentedBitmap);
        }
    }

    private static void DecodeRange<T>(CodedRun run, Span<T> target)
        where T : unmanaged, IBinaryInteger<T>
    {
        NeighborModel model = new(run.Neighbors.Near, run.Neighbors.Far);
        ByteCursor palettes = run.Palettes;
        Span<T> palette = stackalloc T[2 * WeightCoding.MaxPalette];
        int entries = ReadPalette(palette, ref palettes), negatives = 0;
        while (negatives < entries && T.IsNegative(palette[negatives]))
            negatives++;
        int negativeBits = NeighborModel.PlaceBits(negatives), positiveBits = NeighborModel.PlaceBits(entries - negatives);
        var decoder = new RangeDecoder(run.RangeCode.Span);
        for (int i = 0; i < target.Length; i++)
        {
            int context = model.Context<T>(target, i);
            if (!decoder.Read(ref model.Stored[context]))
            {
                target[i] = T.Zero;
                continue;
            }
            bool positive = decoder.Read(ref model.Positive[context]);
            int place = decoder.ReadTree(model.Places[positive ? 1 : 0], positive ? positiveBits : negativeBits);
            target[i] = palette[(positive ? negatives : 0) + place];
        }
    }

    // Entries ascend and are stored as differences. A place past them finds a zero, which the checksum detects like any other damage.
    private static int ReadPalette<T>(Span<T> palette, ref ByteCursor palettes)
        where T : unmanaged, IBinaryInteger<T>
    {
        int entries = palettes.Take(1)[0] + 1;
        ReadOnlySpan<byte> planes = palettes.Take(entries * Unsafe.SizeOf<T>());
        T last = T.Zero;
        for (int i = 0; i < entries; i++)
        {
            for (int k = 0; k < Unsafe.SizeOf<T>(); k++)
                last += T.CreateTruncating(planes[(k * entries) + i]) << (8 * k);
            palette[i] = last;
        }
        palette[entries..].Clear();
        return entries;
    }

    private static void LookUp<T>(CodedRun run, ReadOnlySpan<byte> bitmap, Span<byte> scratch, Span<T> dense)
        where T : unmanaged, IBinaryInteger<T>
    {
        Span<byte> places = scratch[..dense.Length];
        run.Planes[^1].Decode(places);
        Span<T> palette = stackalloc T[WeightCoding.MaxPalette];
        ByteCursor palettes = run.Palettes;
        int rowLength = run.Elements / run.Rows, next = 0;
        for (int row = 0; row < run.Rows; row++)
        {
            ReadPalette(palette, ref palettes);
            int end = run.Coding.Form == WeightForm.Dense ? next + rowLength
                : next + CountOnes(bitmap, row * rowLength, (row + 1) * rowLength);
            for (; next < end; next++)
                dense[next] = palette[places[next]];
        }
    }

    private static void JoinPlanes<T>(CodedRun run, int first, Span<byte> scratch, Span<T> target)
        where T : unmanaged, IBinaryInteger<T>
    {
        Span<byte> plane = scratch[..target.Length];
        for (int k = 0; k < Unsafe.SizeOf<T>(); k++)
        {
            run.Planes[first + k].Decode(plane);
            bool isLast = k == Unsafe.SizeOf<T>() - 1 && k > 0;
            for (int i = 0; i < target.Length; i++)
            {
                T value = T.CreateTruncating(plane[i]) << (8 * k);
                if (k > 0)
                    value |= target[i];
                target[i] = isLast ? T.RotateRight(value, 1) : value;
            }
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

    private static int CountOnes(ReadOnlySpan<byte> bitmap, int from, int end)
    {
        int count = 0;
        for (; from < end && from % 8 != 0; from++)
            count += bitmap[from / 8] >> (from % 8) & 1;
        for (; from <= end - 8; from += 8)
            count += BitOperations.PopCount(bitmap[from / 8]);
        for (; from < end; from++)
            count += bitmap[from / 8] >> (from % 8) & 1;
        return count;
    }
}
