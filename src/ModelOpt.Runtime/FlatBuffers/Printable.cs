using System.Globalization;
using System.Text;

namespace ModelOpt.Runtime.FlatBuffers;

/// <summary>
/// Makes text that comes from files safe to show: a name may hold escape sequences that a terminal obeys, or characters that reorder the
/// text around it.
/// </summary>
internal static class Printable
{
    /// <summary>Writes control and formatting characters, line ends too, and broken surrogates as <c>\uXXXX</c>.</summary>
    public static string Escape(string text)
    {
        int first = 0;
        while (first < text.Length && IsPrintable(text[first]))
            first++;
        if (first == text.Length)
            return text;
        var escaped = new StringBuilder(text.Length + 16);
        for (int i = 0; i < text.Length; i++)
        {
            if (IsPrintable(text[i]))
            {
                escaped.Append(text[i]);
            }
            else if (Rune.TryGetRuneAt(text, i, out Rune rune) && rune.Utf16SequenceLength == 2)
            {
                if (IsShown(Rune.GetUnicodeCategory(rune)))
                    escaped.Append(text, i, 2);
                else
                    escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:X4}\\u{(int)text[i + 1]:X4}");
                i++;
            }
            else
            {
                escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:X4}");
            }
        }

        return escaped.ToString();
    }

    /// <summary>Whether a character alone, no half of a pair, is one to be shown.</summary>
    public static bool IsPrintable(char c) => IsShown(char.GetUnicodeCategory(c));

    private static bool IsShown(UnicodeCategory category) => category is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate);
}
