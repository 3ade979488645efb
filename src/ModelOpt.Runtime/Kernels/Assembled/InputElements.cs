namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>Copies input in the form that products take: uint8, or the same values as int16.</summary>
/// <param name="product">Says which.</param>
/// <param name="flip">The input is int8 and has to be made uint8 by flipping the top bit.</param>
/// <param name="padding">Value of the padding in the copy.</param>
internal readonly unsafe struct InputElements(ByteProduct product, bool flip, byte padding)
{
    /// <summary>Bytes of an element of the copy.</summary>
    public int Bytes => product.ElementBytes();

    /// <summary>Writes padding, input and padding.</summary>
    /// <param name="input">Input.</param>
    /// <param name="before">Elements of padding before it.</param>
    /// <param name="count">Elements of input.</param>
    /// <param name="after">Elements of padding behind it.</param>
    /// <param name="target">Receives all.</param>
    public void Copy(byte* input, int before, int count, int after, byte* target)
    {
        if (Bytes == 1)
        {
            Int8Rows.Fill(target, before, padding);
            Int8Rows.Flip(input, count, flip, target + before);
            Int8Rows.Fill(target + before + count, after, padding);
            return;
        }

        short* words = (short*)target;
        Int8Rows.Fill(words, before, padding);
        Int8Rows.Widen(input, count, flip ? -128 : 0, !flip, words + before);
        Int8Rows.Fill(words + before + count, after, padding);
    }
}
