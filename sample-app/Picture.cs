namespace SampleApp;

/// <summary>Draws an image of 28 by 28 pixels in Braille, two by four dots a character.</summary>
internal static class Picture
{
    public const int Columns = Size / 2;
    public const int Rows = Size / 4;

    private const int Size = 28;
    private const char Blank = '\u2800';

    // The bits of a Braille character's dots, row by row.
    private static ReadOnlySpan<byte> Dots => [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];

    // Thresholds of a 4 by 4 Bayer matrix turn shades of grey into patterns of dots.
    private static ReadOnlySpan<byte> Bayer => [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5];

    /// <summary>One line of characters.</summary>
    public static string Row(ReadOnlySpan<byte> pixels, int row)
    {
        Span<char> line = stackalloc char[Columns];
        for (int column = 0; column < Columns; column++)
        {
            int dots = 0;
            for (int i = 0; i < Dots.Length; i++)
            {
                int y = (row * 4) + (i / 2), x = (column * 2) + (i % 2);
                if (pixels[(y * Size) + x] > 24 + (Bayer[(y % 4 * 4) + (x % 4)] * 13)) dots |= Dots[i];
            }

            line[column] = (char)(Blank + dots);
        }

        return line.ToString();
    }
}
