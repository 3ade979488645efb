using System.Numerics;

namespace ModelOpt.Runtime.Storage;

/// <summary>
/// Predicts a weight from two earlier ones at fixed distances: near a zero, others tend to be zero, and signs go together. A weight is
/// coded as: is it zero; is it positive; which of the palette's values of that sign.
/// After DeepCABAC (Wiedemann et al. 2019), whose neighbors are the two before in memory; here they may be those of the pixel to
/// the left and of the one above, wherever these lie.
/// </summary>
/// <param name="near">Elements back to one neighbor; 0 for none.</param>
/// <param name="far">Elements back to the other; 0 for none.</param>
internal sealed class NeighborModel(int near, int far)
{
    /// <summary>What a neighbor may be: <see cref="State"/> is below it.</summary>
    public const int States = 3;

    /// <summary>Whether a weight is not zero, by its neighbors.</summary>
    public AdaptiveBit[] Stored { get; } = new AdaptiveBit[States * States];

    /// <summary>Whether it is positive, by its neighbors.</summary>
    public AdaptiveBit[] Positive { get; } = new AdaptiveBit[States * States];

    /// <summary>Its place among the values of its sign, from the highest bit on: nodes of a binary tree, the root is 1.</summary>
    public AdaptiveBit[][] Places { get; } = [new AdaptiveBit[WeightCoding.MaxPalette], new AdaptiveBit[WeightCoding.MaxPalette]];

    /// <summary>The state of a weight's neighbors.</summary>
    /// <param name="weights">All weights; those before <paramref name="i"/> are known.</param>
    /// <param name="i">Which.</param>
    public int Context<T>(ReadOnlySpan<T> weights, int i) where T : unmanaged, IBinaryInteger<T> =>
        (States * Neighbor(weights, i, near)) + Neighbor(weights, i, far);

    /// <summary>0 for zero, 1 for negative, 2 for positive.</summary>
    /// <param name="weight">A weight.</param>
    public static int State<T>(T weight) where T : unmanaged, IBinaryInteger<T> => T.IsZero(weight) ? 0 : T.IsNegative(weight) ? 1 : 2;

    /// <summary>Bits of a place among so many values.</summary>
    /// <param name="values">How many.</param>
    public static int PlaceBits(int values) => values <= 1 ? 0 : BitOperations.Log2((uint)values - 1) + 1;

    private static int Neighbor<T>(ReadOnlySpan<T> weights, int i, int distance) where T : unmanaged, IBinaryInteger<T> =>
        distance == 0 || distance > i ? 0 : State(weights[i - distance]);
}
