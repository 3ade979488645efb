using System.Buffers.Binary;
using System.Text;

namespace ModelOpt.Fuzz.Files;

/// <summary>Damage that knows nothing of the format but that it holds numbers and text.</summary>
internal static class ByteMutator
{
    private static readonly byte[] Notable = [0, 1, 2, 0x7f, 0x80, 0xff];

    private static readonly string[] Tokens =
    [
        "0", "1", "-1", "2147483647", "2147483648", "4294967295", "9223372036854775807", "99999999999999999999", "1e400", "NaN", "null",
        "true", "\"\"", "[]", "{}", "[[[[[[[[", ",", "'", "\"", ")", "(", "<f4", ">i8", "|O", "\u202e", "\0",
    ];

    /// <summary>A number that readers may not expect.</summary>
    public static int Number(Random random) => random.Next(8) switch
    {
        0 => 0,
        1 => -1,
        2 => int.MaxValue,
        3 => int.MinValue,
        4 => 1 << random.Next(31),
        5 => random.Next(-3, 20),
        6 => random.Next(1, 70_000),
        _ => random.Next(),
    };

    /// <summary>The file with one to six damages.</summary>
    public static byte[] Mutate(Random random, byte[] file, bool text = false)
    {
        for (int i = random.Next(1, 7); i > 0; i--) file = One(random, file, text);
        return file;
    }

    private static byte[] One(Random random, byte[] file, bool text)
    {
        if (file.Length == 0) return [(byte)random.Next(256)];
        byte[] copy = [.. file];
        int at = random.Next(3) == 0 ? random.Next(Math.Min(file.Length, 64)) : random.Next(file.Length),
            length = Math.Min(random.Next(1, 9), file.Length - at);
        switch (random.Next(text ? 9 : 7))
        {
            case 0:
                copy[at] = (byte)random.Next(256);
                return copy;
            case 1:
                copy[at] = Notable[random.Next(Notable.Length)];
                return copy;
            case 2:
                copy[at] ^= (byte)(1 << random.Next(8));
                return copy;
            case 3 when file.Length - at >= 4:
                BinaryPrimitives.WriteInt32LittleEndian(copy.AsSpan(at), Number(random));
                return copy;
            case 4:
                return random.Next(4) == 0 ? file[..at] : [.. file[..at], .. file[(at + length)..]];
            case 5:
                return [.. file[..at], .. file.AsSpan(at, length), .. file[at..]];
            case 6:
                random.NextBytes(copy.AsSpan(at, length));
                return copy;
            case 7:
                return [.. file[..at], .. Encoding.UTF8.GetBytes(Tokens[random.Next(Tokens.Length)]),
                    .. file[Math.Min(file.Length, at + length)..]];
            default:
                return [.. file[..at], .. Encoding.UTF8.GetBytes(Tokens[random.Next(Tokens.Length)]), .. file[at..]];
        }
    }
}
