using System.Runtime.Intrinsics;

namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>
/// Input bytes whose complement is multiplied instead, as x·w = 255·w − (255 − x)·w: a pair of weights of one sign, which would saturate,
/// becomes one of both signs, which never does. All channels of a panel share an input byte, so that some pairs become worse; of each four
/// bytes, the second and the fourth are chosen such that the fewest registers are left with one that saturates.
/// </summary>
internal static unsafe class Complements
{
    // Where the share of registers with a pair that saturates falls by less, the instructions cost more.
    private const double LeastGain = 0.04;

    private const int Patterns = 4;

    /// <summary>
    /// Chooses the bytes of each step, and changes weights and starts accordingly: 0xFF where a byte is complemented. Null where nothing
    /// is gained.
    /// </summary>
    /// <param name="weights">[steps, vectors, lanes, 4].</param>
    /// <param name="starts">[vectors·lanes].</param>
    /// <param name="vectors">Registers.</param>
    /// <param name="lanes">Channels of a register.</param>
    /// <param name="steps">Steps of all runs.</param>
    public static uint[]? Choose(int* weights, int* starts, int vectors, int lanes, int steps)
    {
        var bits = new uint[steps];
        int gain = 0;
        for (int step = 0; step < steps; step++)
        {
            int pattern = Best((sbyte*)(weights + ((nint)step * vectors * lanes)), vectors, 4 * lanes, ref gain);
            bits[step] = ((pattern & 1) != 0 ? 0xFF00u : 0) | ((pattern & 2) != 0 ? 0xFF000000 : 0);
        }

        if (gain < LeastGain * steps * vectors)
            return null;
        int stride = vectors * lanes;
        for (int i = 0; i < steps * stride; i++)
            Complement((sbyte*)(weights + i), bits[i / stride], ref starts[i % stride]);
        return bits;
    }

    /// <summary>The patterns with which any of the pairs of quads of weights saturates, as bits.</summary>
    /// <param name="weights">Quads.</param>
    /// <param name="bytes">A multiple of 16.</param>
    public static int Saturating(sbyte* weights, int bytes) => Saturating(weights, bytes, out _);

    /// <param name="weights">Quads.</param>
    /// <param name="bytes">A multiple of 16.</param>
    /// <param name="impossible">The patterns that would negate −128.</param>
    /// <inheritdoc cref="Saturating(sbyte*, int)"/>
    private static int Saturating(sbyte* weights, int bytes, out int impossible)
    {
        uint natural = 0, complemented = 0, least = 0;
        for (int i = 0; i < bytes; i += Vector128<sbyte>.Count)
        {
            Vector128<short> pairs = Vector128.Load((short*)(weights + i)), first = (pairs << 8) >> 8, second = pairs >> 8;
            Vector128<short> limit = Vector128.Create((short)128);
            natural |= Vector128.GreaterThan(Vector128.Abs(first + second), limit).ExtractMostSignificantBits();
            complemented |= Vector128.GreaterThan(Vector128.Abs(first - second), limit).ExtractMostSignificantBits();
            least |= Vector128.Equals(second, -limit).ExtractMostSignificantBits();
        }

        // Even pairs come first in a quad: their complement is bit 0 of a pattern; that of odd ones is bit 1.
        const uint even = 0x55, odd = 0xAA;
        impossible = ((least & even) != 0 ? 0b1010 : 0) | ((least & odd) != 0 ? 0b1100 : 0);
        return impossible | ((natural & even) != 0 ? 0b0101 : 0) | ((complemented & even) != 0 ? 0b1010 : 0)
            | ((natural & odd) != 0 ? 0b0011 : 0) | ((complemented & odd) != 0 ? 0b1100 : 0);
    }

    /// <summary>The pattern with which the fewest registers have a pair that saturates.</summary>
    private static int Best(sbyte* weights, int vectors, int vectorBytes, ref int gain)
    {
        int* counts = stackalloc int[Patterns];
        new Span<int>(counts, Patterns).Clear();
        for (int vector = 0; vector < vectors; vector++)
        {
            int saturating = Saturating(weights + (vector * vectorBytes), vectorBytes, out int impossible);
            for (int pattern = 0; pattern < Patterns; pattern++)
                counts[pattern] += ((saturating >> pattern) & 1) + (((impossible >> pattern) & 1) * vectors);
        }

        int best = 0;
        for (int pattern = 1; pattern < Patterns; pattern++)
            best = counts[pattern] < counts[best] ? pattern : best;
        gain += counts[0] - counts[best];
        return best;
    }

    private static void Complement(sbyte* weights, uint bits, ref int start)
    {
        for (int i = 1; i < 4; i += 2)
        {
            if ((bits >> (8 * i) & 1) == 0)
                continue;
            start = unchecked(start + (byte.MaxValue * weights[i]));
            weights[i] = (sbyte)-weights[i];
        }
    }
}
