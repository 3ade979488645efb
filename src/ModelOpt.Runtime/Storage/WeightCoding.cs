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

    /// <summary>The byte of the file.</summary>
    public byte ToByte() => (byte)(ElementBytes | (HasBitmap ? 8 : 0) | (IndexBits << 4));

    /// <summary>Reads the byte of the file.</summary>
    /// <exception cref="InvalidModelException">There is no such coding.</exception>
    public static WeightCoding FromByte(byte code)
    {
        var coding = new WeightCoding(code & 7, (code & 8) != 0, code >> 4);
        return coding is { ElementBytes: 1 or 2 or 4, IndexBits: 0 or 1 or 2 or 4 or 8 }
            ? coding
            : throw new InvalidModelException($"The packed model is damaged: there is no weight coding {code}.");
    }
}
