using System.Globalization;
using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Compiler.Options;

/// <summary>
/// Reads option values as item metadata and the command line write them: the same in every culture. Empty values are the
/// caller's to handle.
/// </summary>
internal static class OptionParsing
{
    /// <summary>Reads one of an enumeration's names in any case.</summary>
    /// <typeparam name="T">The enumeration.</typeparam>
    /// <exception cref="CompilationException">The value is none of the names.</exception>
    public static T Choice<T>(string option, string value) where T : struct, Enum =>
        Enum.Parse<T>(Choice(option, value, Enum.GetNames<T>()));

    /// <summary>Finds a value among the possible ones in any case, with or without hyphens.</summary>
    /// <returns>The value in the case of <paramref name="possible"/>.</returns>
    /// <exception cref="CompilationException">The value is none of them.</exception>
    public static string Choice(string option, string value, params IReadOnlyList<string> possible)
    {
        string trimmed = value.Trim();
        return possible.FirstOrDefault(p => Bare(p).Equals(Bare(trimmed), StringComparison.OrdinalIgnoreCase))
            ?? throw OptionDiagnostics.InvalidValue.Error(null, option, value, string.Join(", ", possible),
                Nearest(trimmed, possible) is { } nearest ? $" Did you mean '{nearest}'?" : "");
    }

    /// <summary>Reads <c>true</c> or <c>false</c> in any case.</summary>
    /// <exception cref="CompilationException">The value is neither.</exception>
    public static bool Boolean(string option, string value) => Choice(option, value, "true", "false") == "true";

    /// <summary>Reads a whole number of at least one.</summary>
    /// <exception cref="CompilationException">The value is no such number.</exception>
    public static int Count(string option, string value) =>
        int.TryParse(value, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out int count)
        && count > 0
            ? count
            : throw OptionDiagnostics.InvalidNumber.Error(null, option, value, "a whole number of at least 1");

    /// <summary>The possible value that was probably meant.</summary>
    /// <returns>The nearest by edit distance, if one is near enough.</returns>
    public static string? Nearest(string value, IEnumerable<string> possible)
    {
        (string? Name, int Distance) nearest = (null, Math.Max(2, value.Length / 3) + 1);
        foreach (string name in possible)
        {
            int distance = EditDistance(value.ToUpperInvariant(), name.ToUpperInvariant());
            if (distance < nearest.Distance && distance < name.Length) nearest = (name, distance);
        }

        return nearest.Name;
    }

    private static string Bare(string word) => word.Replace("-", "", StringComparison.Ordinal);

    // Levenshtein's distance, one row of the table at a time. Long values are near to nothing.
    private static int EditDistance(string a, string b)
    {
        if (Math.Abs(a.Length - b.Length) > 8) return int.MaxValue;
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                row[j] = Math.Min(diagonal + (a[i - 1] == b[j - 1] ? 0 : 1), Math.Min(above, row[j - 1]) + 1);
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}
