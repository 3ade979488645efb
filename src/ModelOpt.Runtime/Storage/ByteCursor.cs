namespace ModelOpt.Runtime.Storage;

/// <summary>Reads bytes one after another; past the end throws <see cref="InvalidModelException"/>.</summary>
/// <param name="bytes">The bytes to read.</param>
internal ref struct ByteCursor(ReadOnlySpan<byte> bytes)
{
    /// <summary>The unread bytes.</summary>
    public ReadOnlySpan<byte> Rest { get; private set; } = bytes;

    /// <summary>Takes bytes.</summary>
    /// <param name="count">How many.</param>
    public ReadOnlySpan<byte> Take(int count)
    {
        if (count > Rest.Length)
            throw new InvalidModelException("The packed model is damaged: a stream ends too early.");
        ReadOnlySpan<byte> taken = Rest[..count];
        Rest = Rest[count..];
        return taken;
    }

    /// <summary>Takes a number in LEB128, from 0 to 2³¹ − 1.</summary>
    public int Number()
    {
        ulong value = 0;
        for (int shift = 0; shift <= 28; shift += 7)
        {
            byte b = Take(1)[0];
            value |= (ulong)(b & 127) << shift;
            if (b < 128)
                return value <= int.MaxValue ? (int)value : throw TooLarge();
        }
        throw TooLarge();
    }

    private static InvalidModelException TooLarge() => new("The packed model is damaged: a number is too large.");
}
