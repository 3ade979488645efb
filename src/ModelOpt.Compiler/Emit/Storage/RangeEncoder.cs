using ModelOpt.Runtime.Storage;

namespace ModelOpt.Compiler.Emit.Storage;

/// <summary>Writes bits of known probabilities as one long number; <see cref="RangeDecoder"/> reads them.</summary>
internal sealed class RangeEncoder
{
    private readonly List<byte> _bytes = [];
    private ulong _low;
    private uint _range = uint.MaxValue;

    /// <summary>Writes a bit, and learns it.</summary>
    public void Write(ref AdaptiveBit model, bool bit)
    {
        uint bound = (_range >> AdaptiveBit.Precision) * model.One;
        if (bit)
        {
            _range = bound;
        }
        else
        {
            _low += bound;
            _range -= bound;
        }

        Carry();
        model.Learn(bit);
        for (; _range < RangeDecoder.LeastRange; _range <<= 8) Shift();
    }

    /// <summary>Writes a number from the highest bit on, each bit by those before it.</summary>
    /// <param name="tree">The probabilities, the root at 1.</param>
    public void WriteTree(AdaptiveBit[] tree, int bits, int number)
    {
        int node = 1;
        for (int shift = bits - 1; shift >= 0; shift--)
        {
            bool bit = (number >> shift & 1) != 0;
            Write(ref tree[node], bit);
            node = (2 * node) + (bit ? 1 : 0);
        }
    }

    /// <summary>All bytes. Nothing may be written afterwards.</summary>
    public byte[] End()
    {
        // Of the numbers left to choose from, the one of most zeros at its end, which the decoder adds by itself.
        ulong end = _low + _range;
        for (int zeros = 32; ; zeros--)
        {
            ulong mask = (1ul << zeros) - 1, number = (_low + mask) & ~mask;
            if (number >= end) continue;
            _low = number;
            break;
        }

        Carry();
        for (int i = 0; i < sizeof(uint); i++) Shift();
        while (_bytes.Count > 0 && _bytes[^1] == 0) _bytes.RemoveAt(_bytes.Count - 1);
        return [.. _bytes];
    }

    private void Carry()
    {
        if (_low <= uint.MaxValue) return;
        _low &= uint.MaxValue;
        int i = _bytes.Count - 1;
        while (++_bytes[i] == 0) i--;
    }

    private void Shift()
    {
        _bytes.Add((byte)(_low >> 24));
        _low = (_low << 8) & uint.MaxValue;
    }
}
