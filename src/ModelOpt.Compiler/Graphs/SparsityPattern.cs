using System.Globalization;

namespace ModelOpt.Compiler.Graphs;

/// <summary>Where the zeros of a sparse weight may lie.</summary>
internal enum SparsityKind
{
    /// <summary>Anywhere.</summary>
    Unstructured,

    /// <summary>Of every M neighbouring input channels of an output channel and tap, at most N are not zero.</summary>
    NM,

    /// <summary>In whole blocks of output channels times input channels, at one tap.</summary>
    Block,
}

/// <summary>
/// A pattern of zeros: <c>Unstructured</c>; <c>N:M</c>, at most N of M neighbouring input channels are kept; <c>RxC</c>, blocks of
/// R output channels by C input channels are zero or not as a whole. Groups and blocks start at multiples of their size, in each
/// tap of a window by itself; where the channels end, they are cut off.
/// </summary>
/// <param name="Rows">N, or the output channels of a block.</param>
/// <param name="Columns">M, or the input channels of a block.</param>
internal sealed record SparsityPattern(SparsityKind Kind, int Rows = 1, int Columns = 1)
{
    /// <summary>Zeros anywhere.</summary>
    public static SparsityPattern Unstructured { get; } = new(SparsityKind.Unstructured);

    /// <summary>The largest M of N:M, and the largest side of a block.</summary>
    public const int Largest = 256;

    /// <summary>Reads a pattern as options write it; null where the text is none.</summary>
    /// <param name="text"><c>Unstructured</c>, <c>2:4</c>, <c>1x4</c>.</param>
    public static SparsityPattern? TryParse(string text)
    {
        string trimmed = text.Trim();
        if (trimmed.Equals("Unstructured", StringComparison.OrdinalIgnoreCase)) return Unstructured;
        foreach ((char separator, SparsityKind kind) in new[] { (':', SparsityKind.NM), ('x', SparsityKind.Block) })
        {
            string[] parts = trimmed.ToLowerInvariant().Split(separator);
            if (parts.Length != 2 || !IsSize(parts[0], out int rows) || !IsSize(parts[1], out int columns)) continue;
            return kind == SparsityKind.NM && rows >= columns ? null : new SparsityPattern(kind, rows, columns);
        }

        return null;

        static bool IsSize(string part, out int size) =>
            int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out size) && size is >= 1 and <= Largest;
    }

    /// <summary>The pattern that is nearest to one whose numbers are not possible; null where the text is nothing like a pattern.</summary>
    /// <param name="text">Such as <c>4:2</c>, <c>0:4</c>, <c>1x1000</c>.</param>
    internal static SparsityPattern? Nearest(string text)
    {
        foreach ((char separator, SparsityKind kind) in new[] { (':', SparsityKind.NM), ('x', SparsityKind.Block) })
        {
            string[] parts = text.Trim().ToLowerInvariant().Split(separator);
            if (parts.Length != 2 || !IsNumber(parts[0], out double rows) || !IsNumber(parts[1], out double columns)) continue;
            int r = Clamp(rows), c = Clamp(columns);
            if (kind == SparsityKind.NM)
            {
                (r, c) = (Math.Min(r, c), Math.Max(r, c));
                if (r == c) (r, c) = (Math.Max(1, r - 1), Math.Max(2, c));
            }

            return new SparsityPattern(kind, r, c);
        }

        return null;

        static bool IsNumber(string part, out double number) =>
            double.TryParse(part, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

        static int Clamp(double number) => (int)Math.Clamp(number, 1, Largest);
    }

    public override string ToString() => Kind switch
    {
        SparsityKind.NM => string.Create(CultureInfo.InvariantCulture, $"{Rows}:{Columns}"),
        SparsityKind.Block => string.Create(CultureInfo.InvariantCulture, $"{Rows}x{Columns}"),
        _ => nameof(SparsityKind.Unstructured),
    };
}
