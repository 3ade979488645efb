namespace ModelOpt.Runtime.Kernels.Sampling;

/// <summary>
/// Random numbers by Philox4x32-10 (Salmon et al., 2011): each block of four follows from a key and a counter alone. The same seeds give
/// the same numbers, run after run: in the interpreter, which is always at run 0, and in a file that was just loaded.
/// </summary>
/// <param name="seed">One half of the key.</param>
/// <param name="seed2">The other half.</param>
/// <param name="run">The number of the run.</param>
internal readonly struct RandomNumbers(long seed, long seed2, long run)
{
    private const int Rounds = 10;
    private const float Unit = 1f / (1 << 24);

    /// <summary>Numbers of [0, 1), each as likely as the others.</summary>
    public void Uniform(Span<float> y)
    {
        for (int i = 0; i < y.Length; i++) y[i] = (Bits(i) >> 8) * Unit;
    }

    /// <summary>Numbers of mean 0 and deviation 1, distributed normally (Box and Muller).</summary>
    public void Normal(Span<float> y)
    {
        for (int i = 0; i < y.Length; i += 2)
        {
            double radius = Math.Sqrt(-2 * Math.Log(Open(Bits(i)))), angle = Math.Tau * Open(Bits(i + 1));
            y[i] = (float)(radius * Math.Cos(angle));
            if (i + 1 < y.Length) y[i + 1] = (float)(radius * Math.Sin(angle));
        }
    }

    // Neither 0, of which there is no logarithm, nor 1.
    private static double Open(uint bits) => (bits + 0.5) * (1.0 / 4294967296);

    private uint Bits(int index)
    {
        uint a = (uint)(index >> 2), b = 0, c = unchecked((uint)run), d = unchecked((uint)(run >> 32));
        ulong key = unchecked((ulong)seed + ((ulong)seed2 * 0x9E3779B97F4A7C15));
        uint low = unchecked((uint)key), high = (uint)(key >> 32);
        for (int round = 0; round < Rounds; round++)
        {
            ulong left = (ulong)a * 0xD2511F53, right = (ulong)c * 0xCD9E8D57;
            (a, b, c, d) = ((uint)(right >> 32) ^ b ^ low, unchecked((uint)right), (uint)(left >> 32) ^ d ^ high, unchecked((uint)left));
            unchecked
            {
                low += 0x9E3779B9;
                high += 0xBB67AE85;
            }
        }

        return (index & 3) switch { 0 => a, 1 => b, 2 => c, _ => d };
    }
}
