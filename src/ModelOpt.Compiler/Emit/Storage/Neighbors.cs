using System.Numerics;
using ModelOpt.Runtime.Storage;

namespace ModelOpt.Compiler.Emit.Storage;

/// <summary>The distances at which weights tell most of the next one; see <see cref="NeighborModel"/>.</summary>
/// <param name="Near">Elements back to one neighbor; 0 for none.</param>
/// <param name="Far">Elements back to the other, given that one; 0 for none.</param>
internal readonly record struct Neighbors(int Near, int Far)
{
    /// <summary>The farthest: a row of pixels of 16 × 256 channels.</summary>
    private const int Farthest = 4096;

    /// <summary>Weights that each distance is tried with.</summary>
    private const int Tried = 8192;

    private const int States = NeighborModel.States;

    /// <summary>Finds them: the distance that leaves the least entropy of zeros and signs, then another, given the first.</summary>
    public static Neighbors Find<T>(ReadOnlySpan<T> weights) where T : unmanaged, IBinaryInteger<T>
    {
        int farthest = Math.Min(Farthest, weights.Length / 2), end = Math.Min(weights.Length, farthest + Tried);
        byte[] states = new byte[end];
        for (int i = 0; i < end; i++) states[i] = (byte)NeighborModel.State(weights[i]);
        byte[] known = new byte[end];
        int near = Best(states, known, farthest);
        for (int i = near; i < end && near > 0; i++) known[i] = states[i - near];
        return new Neighbors(near, Best(states, known, farthest));
    }

    // The first distance of the least entropy, given one state that is known; 0 where none lessens it.
    private static int Best(byte[] states, byte[] known, int farthest)
    {
        int best = 0;
        double least = double.PositiveInfinity;
        Span<int> counts = stackalloc int[States * States * States];
        for (int distance = 0; distance <= farthest; distance++)
        {
            counts.Clear();
            for (int i = farthest; i < states.Length; i++)
            {
                int other = distance == 0 ? 0 : states[i - distance];
                counts[(((known[i] * States) + other) * States) + states[i]]++;
            }

            double entropy = 0;
            for (int context = 0; context < counts.Length; context += States)
            {
                int all = counts[context] + counts[context + 1] + counts[context + 2];
                foreach (int count in counts.Slice(context, States))
                {
                    if (count > 0) entropy -= count * Math.Log2((double)count / all);
                }
            }

            if (entropy < least) (best, least) = (distance, entropy);
        }

        return best;
    }
}
