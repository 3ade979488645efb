namespace ModelOpt.Runtime.Storage;

/// <summary>Reads bytes one after another; past the end throws <see cref="InvalidModelException"/>.</summary>
/// <param name="bytes">The bytes to read.</param>
internal struct ByteCursor(ReadOnlyMemory<byte> bytes)
{
    private int _next;

    /// <summary>How many bytes are unread.</summary>
    public readonly int Left => bytes.Length - _next;

    /// <summary>Takes bytes.</summary>
    /// <param name="count">How many.</param>
    public ReadOnlySpan<byte> Take(int count) => TakeMemory(count).Span;

    /// <summary>Takes bytes.</summary>
    /// <param name="count">How many.</param>
    public ReadOnlyMemory<byte> TakeMemory(int count)
    {
        ReadOnlyMemory<byte> taken = count <= Left ? bytes.Slice(_next, count)
            : throw new InvalidModelException("The packed model is damaged: a stream ends too early.");
        _next += count;
        return taken;
    }

    /// <summary>The next bytes, which stay unread.</summary>
    /// <param name="count">How many.</param>
    public readonly ReadOnlySpan<byte> Peek(int count)
    {
        ByteCursor ahead = this;
        return ahead.Take(count);
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
