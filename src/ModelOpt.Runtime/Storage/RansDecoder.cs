using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace ModelOpt.Runtime.Storage;

/// <summary>
/// Reads bytes of fixed shares that were coded as four numbers side by side (asymmetric numeral systems, Duda 2013), so that a processor
/// works on four at once. Any code gives some bytes; past its end there are zeros.
/// </summary>
internal static class RansDecoder
{
    /// <summary>Below this a state takes the next word.</summary>
    public const uint LeastState = 1 << 16;

    /// <summary>States side by side.</summary>
    public const int States = 4;

    private const uint Mask = SymbolTable.Total - 1;

    /// <summary>Reads bytes.</summary>
    /// <param name="table">The table of the plane, as <see cref="SymbolTable.Take"/> gives it.</param>
    /// <param name="code">The states, then words, all little-endian.</param>
    /// <param name="target">Takes as many bytes as it has.</param>
    /// <exception cref="InvalidModelException">The table has no symbol.</exception>
    public static void Decode(ReadOnlySpan<byte> table, ReadOnlySpan<byte> code, Span<byte> target)
    {
        Span<uint> slots = stackalloc uint[SymbolTable.Total];
        FillSlots(table, slots);
        Span<uint> states = stackalloc uint[States];
        for (int i = 0; i < States; i++)
        {
            states[i] = Word(ref code);
            states[i] |= Word(ref code) << 16;
        }

        uint a = states[0], b = states[1], c = states[2], d = states[3];
        int at = 0;
        for (; at <= target.Length - States && code.Length >= States * sizeof(ushort); at += States)
        {
            Span<byte> four = target.Slice(at, States);
            four[0] = Step(ref a, slots, ref code);
            four[1] = Step(ref b, slots, ref code);
            four[2] = Step(ref c, slots, ref code);
            four[3] = Step(ref d, slots, ref code);
        }
        (states[0], states[1], states[2], states[3]) = (a, b, c, d);
        for (; at < target.Length; at++)
        {
            ref uint state = ref states[at % States];
            uint slot = slots[(int)(state & Mask)];
            state = Next(state, slot);
            if (state < LeastState)
                state = (state << 16) | Word(ref code);
            target[at] = (byte)slot;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte Step(ref uint state, scoped ReadOnlySpan<uint> slots, ref ReadOnlySpan<byte> code)
    {
        uint slot = slots[(int)(state & Mask)];
        state = Next(state, slot);
        if (state < LeastState)
        {
            state = (state << 16) | BinaryPrimitives.ReadUInt16LittleEndian(code);
            code = code[sizeof(ushort)..];
        }
        return (byte)slot;
    }

    // A slot: the symbol, its share less one, and how far the slot lies behind the first of its symbol.
    private static uint Next(uint state, uint slot) =>
        ((((slot >> 8) & Mask) + 1) * (state >> SymbolTable.Precision)) + (slot >> 20);

    private static void FillSlots(ReadOnlySpan<byte> table, Span<uint> slots)
    {
        Span<byte> codes = stackalloc byte[SymbolTable.Symbols];
        Span<int> shares = stackalloc int[SymbolTable.Symbols];
        SymbolTable.Spread(table, codes);
        if (!SymbolTable.TryExpand(codes, shares))
            throw new InvalidModelException("The packed model is damaged: a table has no symbol.");
        int next = 0;
        for (int symbol = 0; symbol < SymbolTable.Symbols; symbol++)
            for (int i = 0; i < shares[symbol]; i++)
                slots[next++] = (uint)symbol | (uint)((shares[symbol] - 1) << 8) | ((uint)i << 20);
    }

    private static uint Word(ref ReadOnlySpan<byte> code)
    {
        if (code.Length < sizeof(ushort))
            return 0;
        ushort word = BinaryPrimitives.ReadUInt16LittleEndian(code);
        code = code[sizeof(ushort)..];
        return word;
    }
}
