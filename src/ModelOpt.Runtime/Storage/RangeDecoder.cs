namespace ModelOpt.Runtime.Storage;

/// <summary>
/// Reads bits of known probabilities that were coded as one long number (range coding, Martin 1979; binary, with carries in the
/// encoder). Any bytes give some bits; past the end there are zeros.
/// </summary>
internal ref struct RangeDecoder
{
    /// <summary>Below this the range is too coarse for the probabilities, and a byte is shifted in.</summary>
    public const uint LeastRange = 1 << 24;

    private readonly ReadOnlySpan<byte> _bytes;
    private int _next;
    private uint _range = uint.MaxValue;
    private uint _code;

    /// <param name="bytes">What the encoder wrote.</param>
    public RangeDecoder(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes;
        for (int i = 0; i < sizeof(uint); i++)
            Shift();
    }

    /// <summary>Reads a bit, and learns it.</summary>
    /// <param name="model">Its probability.</param>
    public bool Read(ref AdaptiveBit model)
    {
        uint bound = (_range >> AdaptiveBit.Precision) * model.One;
        bool bit = _code < bound;
        if (bit)
        {
            _range = bound;
        }
        else
        {
            _code -= bound;
            _range -= bound;
        }
        model.Learn(bit);
        while (_range < LeastRange)
        {
            Shift();
            _range <<= 8;
        }
        return bit;
    }

    /// <summary>Reads a number from the highest bit on, each bit by those before it.</summary>
    /// <param name="tree">The probabilities, the root at 1.</param>
    /// <param name="bits">How many bits.</param>
    public int ReadTree(AdaptiveBit[] tree, int bits)
    {
        int node = 1;
        for (int bit = 0; bit < bits; bit++)
            node = (2 * node) + (Read(ref tree[node]) ? 1 : 0);
        return node - (1 << bits);
    }

    private void Shift() => _code = (_code << 8) | (_next < _bytes.Length ? _bytes[_next++] : 0u);
}
