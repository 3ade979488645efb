namespace ModelOpt.Runtime.Storage;

/// <summary>
/// The probability that a bit is set, learnt from earlier bits: first their share, later a share in which old bits fade. All in integers,
/// so that encoder and decoder agree on every machine.
/// </summary>
internal struct AdaptiveBit
{
    /// <summary>Bits of a probability.</summary>
    public const int Precision = 16;

    // A bit that is always as expected costs some 2⁻¹² of a bit.
    private const int Least = 1 << (Precision - 12);

    /// <summary>How many bits are remembered.</summary>
    private const int Memory = 128;

    // The n-th bit moves the probability by this share, in units of 2⁻¹⁶; the first by 5/8.
    private static readonly ushort[] Rates = [.. Enumerable.Range(0, Memory).Select(n => (ushort)((1 << Precision) * 5 / ((5 * n) + 8)))];

    // Kept as the difference from a half, so that a new bit may be all zeros.
    private short _balance;
    private byte _seen;

    /// <summary>The probability that the bit is set, in units of 2⁻¹⁶; neither 0 nor 1.</summary>
    public readonly uint One => (uint)(_balance + (1 << (Precision - 1)));

    /// <summary>Learns a bit.</summary>
    /// <param name="bit">Its value.</param>
    public void Learn(bool bit)
    {
        int one = (int)One, target = bit ? 1 << Precision : 0;
        one += (target - one) * Rates[_seen] >> Precision;
        _balance = (short)(Math.Clamp(one, Least, (1 << Precision) - Least) - (1 << (Precision - 1)));
        if (_seen < Memory - 1)
            _seen++;
    }
}
