namespace ModelOpt.Cli.Output;

/// <summary>Cuts the texts of a table so that it fits a terminal; numbers stay whole.</summary>
internal static class TableFit
{
    // Less says nothing.
    private const int LeastWidth = 8;

    /// <summary>Cuts the middle out of long texts, the longest column first.</summary>
    /// <param name="rows">The rows, headings among them, each of as many cells.</param>
    /// <param name="isText">Which columns are of text.</param>
    /// <param name="gap">The columns of the terminal between two of the table.</param>
    /// <param name="width">The columns of the terminal.</param>
    public static IReadOnlyList<string[]> Fit(IReadOnlyList<string[]> rows, IReadOnlyList<bool> isText, int gap, int width)
    {
        int[] widths = [.. isText.Select((_, column) => rows.Max(row => row[column].Length))];
        int excess = widths.Sum() + (gap * (widths.Length - 1)) - width;
        while (excess > 0)
        {
            int widest = Enumerable.Range(0, widths.Length).Where(c => isText[c] && widths[c] > LeastWidth)
                .OrderByDescending(c => widths[c]).FirstOrDefault(-1);
            if (widest < 0) break;
            widths[widest]--;
            excess--;
        }

        return [.. rows.Select(row => row.Select((cell, column) => isText[column] ? Cut(cell, widths[column]) : cell).ToArray())];
    }

    /// <summary>Names that are alike differ at their ends more often than in the middle.</summary>
    private static string Cut(string text, int length)
    {
        if (text.Length <= length) return text;
        int end = (length - 1) / 2, start = length - 1 - end;
        return $"{text[..start]}…{text[^end..]}";
    }
}
