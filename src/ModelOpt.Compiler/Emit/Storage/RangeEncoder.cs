using ModelOpt.Runtime.Storage;

namespace ModelOpt.Compiler.Emit.Storage;

/// <summary>Writes bits of known probabilities as one long number; <see cref="RangeDecoder"/> reads them.</summary>
internal sealed class RangeEncoder
{
    private readonly List<byte> bytes = [];
    private ulong low;
    private uint range = uint.MaxValue;

    /// <summary>Writes a bit, and learns it.</summary>
    /// <param name="model">Its probability.</param>
    /// <param name="bit">The bit.</param>
    public void Write(ref AdaptiveBit model, bool bit)
    {
        uint bound = (range >> AdaptiveBit.Precision) * model.One;
        if (bit)
        {
            range = bound;
        }
        else
        {
            low += bound;
            range -= bound;
        }

        Carry();
        model.Learn(bit);
        for (; range < RangeDecoder.LeastRange; range <<= 8) Shift();
    }

    /// <summary>All bytes. Nothing may be written afterwards.</summary>
    public byte[] End()
    {
        // Of the numbers left to choose from, the one of most zeros at its end, which the decoder adds by itself.
        ulong end = low + range;
        for (int zeros = 32; ; zeros--)
        {
            ulong mask = (1ul << zeros) - 1, number = (low + mask) & ~mask;
            if (number >= end) continue;
            low = number;
            break;
        }

        Carry();
        for (int i = 0; i < sizeof(uint); i++) Shift();
        while (bytes.Count > 0 && bytes[^1] == 0) bytes.RemoveAt(bytes.Count - 1);
        return [.. bytes];
    }

    private void Carry()
    {
        if (low <= uint.MaxValue) return;
        low &= uint.MaxValue;
        int i = bytes.Count - 1;
        while (++bytes[i] == 0) i--;
    }

    private void Shift()
    {
        bytes.Add((byte)(low >> 24));
        low = (low << 8) & uint.MaxValue;
    }
}
