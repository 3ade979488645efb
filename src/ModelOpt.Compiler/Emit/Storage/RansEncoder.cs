using System.Buffers.Binary;
using ModelOpt.Runtime.Storage;

namespace ModelOpt.Compiler.Emit.Storage;

/// <summary>Codes bytes by how often each comes; <see cref="RansDecoder"/> reads them.</summary>
internal static class RansEncoder
{
    // A share up to which each code is the nearest: powers of the fourth root of 2, by operations that are exact everywhere.
    private static readonly double[] Limits = MakeLimits();

    /// <summary>Makes the table of bytes: see <see cref="SymbolTable"/>.</summary>
    /// <param name="bytes">At least one.</param>
    public static byte[] Table(ReadOnlySpan<byte> bytes)
    {
        Span<int> counts = stackalloc int[SymbolTable.Symbols];
        counts.Clear();
        foreach (byte symbol in bytes) counts[symbol]++;
        int first = 0, last = SymbolTable.Symbols - 1;
        while (counts[first] == 0) first++;
        while (counts[last] == 0) last--;
        byte[] table = new byte[3 + last - first];
        (table[0], table[1]) = ((byte)first, (byte)(last - first));
        for (int i = first; i <= last; i++)
        {
            double share = (double)counts[i] * SymbolTable.Total / bytes.Length;
            byte code = 1;
            while (code < SymbolTable.LastCode && share > Limits[code]) code++;
            table[2 + i - first] = counts[i] == 0 ? (byte)0 : code;
        }

        return table;
    }

    /// <summary>Codes bytes.</summary>
    /// <param name="table">Their <see cref="Table"/>.</param>
    public static byte[] Encode(ReadOnlySpan<byte> table, ReadOnlySpan<byte> bytes)
    {
        byte[] codes = new byte[SymbolTable.Symbols];
        int[] shares = new int[SymbolTable.Symbols], starts = new int[SymbolTable.Symbols];
        SymbolTable.Spread(table, codes);
        SymbolTable.TryExpand(codes, shares);
        for (int i = 1; i < SymbolTable.Symbols; i++) starts[i] = starts[i - 1] + shares[i - 1];
        uint[] states = [RansDecoder.LeastState, RansDecoder.LeastState, RansDecoder.LeastState, RansDecoder.LeastState];
        List<ushort> words = [];

        // The decoder reads from the end of what is written here.
        for (int i = bytes.Length - 1; i >= 0; i--)
        {
            ref uint state = ref states[i % RansDecoder.States];
            uint share = (uint)shares[bytes[i]];
            if (state >= (ulong)(RansDecoder.LeastState >> SymbolTable.Precision << 16) * share)
            {
                words.Add((ushort)state);
                state >>= 16;
            }

            state = (state / share << SymbolTable.Precision) + (state % share) + (uint)starts[bytes[i]];
        }

        byte[] code = new byte[(RansDecoder.States * sizeof(uint)) + (words.Count * sizeof(ushort))];
        for (int i = 0; i < RansDecoder.States; i++) BinaryPrimitives.WriteUInt32LittleEndian(code.AsSpan(i * sizeof(uint)), states[i]);
        for (int i = 0; i < words.Count; i++)
            BinaryPrimitives.WriteUInt16LittleEndian(
                code.AsSpan((RansDecoder.States * sizeof(uint)) + (i * sizeof(ushort))), words[words.Count - 1 - i]);
        return code;
    }

    private static double[] MakeLimits()
    {
        double[] limits = new double[SymbolTable.LastCode + 1];
        double root = Math.Sqrt(2), limit = Math.Sqrt(root);
        for (int code = 1; code < limits.Length; code++, limit *= root) limits[code] = limit;
        return limits;
    }
}
