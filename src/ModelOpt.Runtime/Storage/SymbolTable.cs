namespace ModelOpt.Runtime.Storage;

/// <summary>
/// How often each byte comes, in shares of 2¹². Stored as the first byte that comes, how many follow, and a code for each: 0 for
/// never, else 1 + twice the logarithm of its share to base 2, which costs a thousandth of the size that exact shares would have.
/// </summary>
internal static class SymbolTable
{
    /// <summary>Bits of a share.</summary>
    public const int Precision = 12;

    /// <summary>The sum of all shares.</summary>
    public const int Total = 1 << Precision;

    /// <summary>The largest code.</summary>
    public const int LastCode = 1 + (2 * Precision);

    /// <summary>Bytes in a plane's alphabet.</summary>
    public const int Symbols = 256;

    // Powers of √2: the same integers on every machine.
    private static ReadOnlySpan<ushort> Powers =>
        [0, 1, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512, 724, 1024, 1448, 2048, 2896, 4096];

    /// <summary>Makes the shares that codes stand for: their sum is <see cref="Total"/>, and what comes at all has at least 1.</summary>
    /// <param name="codes">A code for each symbol.</param>
    /// <param name="shares">Takes the share of each symbol.</param>
    /// <returns>Whether there is a symbol.</returns>
    public static bool TryExpand(ReadOnlySpan<byte> codes, Span<int> shares)
    {
        int sum = 0, most = 0, rest = Total;
        for (int i = 0; i < Symbols; i++)
            sum += Powers[Math.Min((int)codes[i], LastCode)];
        if (sum == 0)
            return false;
        for (int i = 0; i < Symbols; i++)
        {
            int power = Powers[Math.Min((int)codes[i], LastCode)];
            shares[i] = power == 0 ? 0 : Math.Max(1, power * Total / sum);
            rest -= shares[i];
            if (shares[i] > shares[most])
                most = i;
        }

        // The most frequent takes what rounding left. It has at least Total / 256, and those that were raised to 1 are fewer than that
        // only where it has more.
        for (shares[most] += rest; shares[most] < 1;)
        {
            int next = 0;
            for (int i = 0; i < Symbols; i++)
                next = shares[i] > shares[next] ? i : next;
            shares[next]--;
            shares[most]++;
        }
        return true;
    }

    /// <summary>Reads the codes of a table.</summary>
    /// <param name="tables">First symbol, number of symbols less one, their codes.</param>
    /// <exception cref="InvalidModelException">The table is not whole.</exception>
    public static ReadOnlyMemory<byte> Take(ref ByteCursor tables)
    {
        ReadOnlySpan<byte> head = tables.Peek(2);
        if (head[0] + head[1] >= Symbols)
            throw new InvalidModelException("The packed model is damaged: a table has too many symbols.");
        return tables.TakeMemory(3 + head[1]);
    }

    /// <summary>Spreads the codes of a table over all symbols.</summary>
    /// <param name="table">As <see cref="Take"/> gives it.</param>
    /// <param name="codes">Takes a code for each symbol.</param>
    public static void Spread(ReadOnlySpan<byte> table, Span<byte> codes)
    {
        codes.Clear();
        table[2..].CopyTo(codes[table[0]..]);
    }
}
