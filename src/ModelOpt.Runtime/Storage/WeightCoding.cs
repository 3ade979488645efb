using System.Numerics;

namespace ModelOpt.Runtime.Storage;

/// <summary>The form of zeros and indices, or of the weights as a whole. Two bits in the file.</summary>
internal enum WeightForm
{
    /// <summary>All weights are stored.</summary>
    Dense,

    /// <summary>Zeros are left out and marked in a bitmap, a set bit for what is stored, lowest bit first.</summary>
    Bitmap,

    /// <summary>Zeros and places in the palette are range coded (<see cref="NeighborModel"/>).</summary>
    RangeCoded,

    /// <summary>
    /// Floats that are those of another run times a factor, which stands among the copied bytes: scales of biases are those of weights
    /// times that of the input.
    /// </summary>
    Product,
}

/// <summary>How a run of weights is stored in a <see cref="PackedModel"/>. One byte in the file.</summary>
/// <param name="ElementBytes">Bytes of a weight: 1, 2 or 4.</param>
/// <param name="Form">The part that is left out.</param>
/// <param name="IndexBits">
/// Bits of an index into a palette: 1, 2, 4 or 8; 0 where the weights themselves are stored, first the lowest byte of all,
/// then the next, and where they are not.
/// </param>
internal readonly record struct WeightCoding(int ElementBytes, WeightForm Form, int IndexBits)
{
    /// <summary>The largest number of palette entries.</summary>
    public const int MaxPalette = 256;

    /// <summary>The byte of the file.</summary>
    public byte ToByte() => (byte)(BitOperations.Log2((uint)ElementBytes) | ((int)Form << 2) | (IndexBits << 4));

    /// <summary>Reads the byte of the file.</summary>
    /// <exception cref="InvalidModelException">There is no such coding.</exception>
    public static WeightCoding FromByte(byte code)
    {
        var coding = new WeightCoding(1 << (code & 3), (WeightForm)((code >> 2) & 3), code >> 4);
        return coding is { Form: WeightForm.Dense or WeightForm.Bitmap, ElementBytes: <= 4, IndexBits: 0 or 1 or 2 or 4 or 8 }
            or { Form: WeightForm.RangeCoded, ElementBytes: <= 4, IndexBits: 0 } or { Form: WeightForm.Product, ElementBytes: 4,
                IndexBits: 0 }
            ? coding
            : throw new InvalidModelException($"The packed model is damaged: there is no weight coding {code}.");
    }
}
