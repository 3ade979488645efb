using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>
/// The halves of those weights of a panel that <see cref="ByteProduct.Bytes"/> can't multiply exactly at once. For each register of the
/// panel in turn: their number, at least 1, and so many times the bytes from the input to four input bytes, the bits that these are
/// flipped by, and the weights that they meet.
/// </summary>
internal static unsafe class PairSplit
{
    /// <summary>Bytes of the number.</summary>
    public const int HeadBytes = sizeof(long);

    /// <summary>From the way to the input to the bits that its bytes are flipped by.</summary>
    public const int FlipAt = sizeof(long);

    /// <summary>From the way to the input to the weights.</summary>
    public const int WeightsAt = 2 * sizeof(long);

    /// <summary>Halves the weights that need it, and lists the other halves; null where none do.</summary>
    /// <param name="weights">[runs, steps, vectors, lanes, 4].</param>
    /// <param name="layout">The panel's registers.</param>
    /// <param name="steps">Steps of a run.</param>
    /// <param name="runs">Bytes from the input to each run.</param>
    /// <param name="flips">[runs·steps] bits that input bytes are flipped by; empty where the code knows them.</param>
    public static AlignedBuffer<byte>? Create(
        int* weights, PanelLayout layout, int steps, ReadOnlySpan<long> runs, ReadOnlySpan<uint> flips)
    {
        int count = 0, lanes = layout.Lanes, stride = layout.Vectors * lanes, all = runs.Length * steps;
        for (int i = 0; i < all * layout.Vectors; i++)
            count += Saturates(weights + (i * lanes), lanes) ? 1 : 0;
        if (count == 0)
            return null;
        int recordBytes = WeightsAt + (4 * lanes);
        var table = new AlignedBuffer<byte>(checked((layout.Vectors * (HeadBytes + recordBytes)) + (count * recordBytes)));
        byte* next = table.Pointer;
        for (int vector = 0; vector < layout.Vectors; vector++)
        {
            long* records = (long*)next;
            next += HeadBytes;
            for (int step = 0; step < all; step++)
            {
                int* from = weights + ((nint)step * stride) + (vector * lanes);
                if (!Saturates(from, lanes))
                    continue;
                *(long*)next = runs[step / steps] + (step % steps * 4);
                *(uint*)(next + FlipAt) = flips.IsEmpty ? 0 : flips[step];
                Halve((sbyte*)from, (sbyte*)next + WeightsAt, 4 * lanes);
                next += recordBytes;
                ++*records;
            }

            // One of zeros, so that the code needs no condition.
            if (*records > 0)
                continue;
            *records = 1;
            next += recordBytes;
        }

        return table;
    }

    private static void Halve(sbyte* weights, sbyte* others, int count)
    {
        for (int i = 0; i < count; i += 2)
        {
            if (!ByteProducts.Saturates(weights[i], weights[i + 1]))
                continue;
            for (int j = i; j < i + 2; j++)
            {
                int half = weights[j] >> 1;
                others[j] = (sbyte)(weights[j] - half);
                weights[j] = (sbyte)half;
            }
        }
    }

    private static bool Saturates(int* weights, int lanes)
    {
        for (int i = 0; i < lanes; i += 4)
        {
            if (ByteProducts.AnySaturates((sbyte*)(weights + i)))
                return true;
        }

        return false;
    }
}
