using System.Numerics;

namespace ModelOpt.Runtime.Storage;

/// <summary>The form of a run of weights. Two bits in the file.</summary>
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
/// <param name="HasPalette">
/// Whether weights are stored as places in a palette of each row; range coded ones always are, in one palette. Otherwise they are planes
/// of bytes, first the lowest byte of all, then the next; those of more than one byte are rotated left by a bit, so that the exponent of
/// a float is a byte of its own.
/// </param>
internal readonly record struct WeightCoding(int ElementBytes, WeightForm Form, bool HasPalette)
{
    /// <summary>The largest number of palette entries.</summary>
    public const int MaxPalette = 256;

    /// <summary>The byte of the file.</summary>
    public byte ToByte() => (byte)(BitOperations.Log2((uint)ElementBytes) | ((int)Form << 2) | (HasPalette ? 16 : 0));

    /// <summary>Reads the byte of the file.</summary>
    /// <exception cref="InvalidModelException">There is no such coding.</exception>
    public static WeightCoding FromByte(byte code)
    {
        var coding = new WeightCoding(1 << (code & 3), (WeightForm)((code >> 2) & 3), (code & 16) != 0);
        return code < 32 && coding is { ElementBytes: <= 4, Form: WeightForm.Dense or WeightForm.Bitmap }
            or { ElementBytes: <= 4, Form: WeightForm.RangeCoded, HasPalette: true }
            or { ElementBytes: 4, Form: WeightForm.Product, HasPalette: false }
            ? coding
            : throw new InvalidModelException($"The packed model is damaged: there is no weight coding {code}.");
    }
}
