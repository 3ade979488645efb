using System.Numerics;

namespace ModelOpt.Runtime.Storage;

/// <summary>How a run of weights is stored in a <see cref="PackedModel"/>. One byte in the file.</summary>
/// <param name="ElementBytes">Bytes of a weight: 1, 2 or 4.</param>
/// <param name="HasBitmap">Whether zeros are left out and marked in a bitmap, a set bit for what is stored, lowest bit first.</param>
/// <param name="IndexBits">
/// Bits of an index into a palette: 1, 2, 4 or 8; 0 where the weights themselves are stored, first the lowest byte of all,
/// then the next.
/// </param>
internal readonly record struct WeightCoding(int ElementBytes, bool HasBitmap, int IndexBits)
{
    /// <summary>The largest number of palette entries.</summary>
    public const int MaxPalette = 256;

    /// <summary>Whether zeros and places in the palette are range coded (<see cref="NeighborModel"/>) instead of stored.</summary>
    public bool IsRangeCoded { get; private init; }

    /// <summary>Range coded.</summary>
    /// <param name="elementBytes">Bytes of a weight: 1, 2 or 4.</param>
    public static WeightCoding RangeCoded(int elementBytes) => new(elementBytes, false, 0) { IsRangeCoded = true };

    /// <summary>The byte of the file.</summary>
    public byte ToByte() => (byte)(BitOperations.Log2((uint)ElementBytes) | (HasBitmap ? 4 : 0) | (IsRangeCoded ? 8 : 0) | (IndexBits << 4));

    /// <summary>Reads the byte of the file.</summary>
    /// <exception cref="InvalidModelException">There is no such coding.</exception>
    public static WeightCoding FromByte(byte code)
    {
        var coding = new WeightCoding(1 << (code & 3), (code & 4) != 0, code >> 4) { IsRangeCoded = (code & 8) != 0 };
        return coding is { ElementBytes: <= 4, IndexBits: 0 or 1 or 2 or 4 or 8 } && (!coding.IsRangeCoded || coding == RangeCoded(coding.ElementBytes))
            ? coding
            : throw new InvalidModelException($"The packed model is damaged: there is no weight coding {code}.");
    }
}
