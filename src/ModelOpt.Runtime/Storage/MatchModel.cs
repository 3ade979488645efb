namespace ModelOpt.Runtime.Storage;

/// <summary>
/// The probabilities of bytes and of repeats of earlier bytes (Lempel and Ziv 1977, coded bit by bit as LZMA does). The tables of a
/// TFLite file are words of four bytes, so what comes depends on the place in a word.
/// </summary>
internal sealed class MatchModel
{
    /// <summary>The shortest and the longest repeat.</summary>
    public const int Shortest = 2, Longest = Shortest + 255;

    /// <summary>Distances from here on are coded as the number of their bits, and the bits.</summary>
    private const int Words = 4, Bits = 32;

    /// <summary>Whether bytes repeat, by place in a word and by whether the bytes before did.</summary>
    public AdaptiveBit[] IsMatch { get; } = new AdaptiveBit[2 * Words];

    /// <summary>Whether a repeat has the distance of the one before, by whether the bytes before it repeated.</summary>
    public AdaptiveBit[] IsSame { get; } = new AdaptiveBit[2];

    /// <summary>Lengths, by whether the distance is the one before: trees of eight bits.</summary>
    public AdaptiveBit[][] Lengths { get; } = [new AdaptiveBit[256], new AdaptiveBit[256]];

    /// <summary>Bits of a distance, by the length: trees of five bits.</summary>
    public AdaptiveBit[][] DistanceBits { get; } = Trees(Words, Bits);

    /// <summary>The bits of a distance below its highest: each by their number.</summary>
    public AdaptiveBit[][] DistanceRest { get; } = Trees(Bits, Bits);

    /// <summary>Bytes that do not repeat, by place in a word and the highest bits of the byte before: trees of eight bits.</summary>
    public AdaptiveBit[][] Literals { get; } = Trees(Words * 8, 256);

    /// <summary>The place in <see cref="IsMatch"/>.</summary>
    public static int MatchContext(int at, bool afterMatch) => (at % Words) + (afterMatch ? Words : 0);

    /// <summary>The tree in <see cref="DistanceBits"/>.</summary>
    public static int DistanceContext(int length) => Math.Min(length - Shortest, Words - 1);

    /// <summary>The tree in <see cref="Literals"/>.</summary>
    public static int LiteralContext(int at, byte before) => (at % Words * 8) + (before >> 5);

    private static AdaptiveBit[][] Trees(int count, int size)
    {
        var trees = new AdaptiveBit[count][];
        for (int i = 0; i < count; i++)
            trees[i] = new AdaptiveBit[size];
        return trees;
    }
}
