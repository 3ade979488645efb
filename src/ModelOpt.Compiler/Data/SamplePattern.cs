using System.IO.Enumeration;

namespace ModelOpt.Compiler.Data;

/// <summary>Paths with wildcards: <c>*</c> and <c>?</c> in a name, <c>**</c> for folders in folders.</summary>
internal static class SamplePattern
{
    private static readonly char[] Wildcards = ['*', '?'];

    /// <summary>Whether a path has wildcards; what is really called so has none.</summary>
    /// <param name="path">A path without the name of an array.</param>
    public static bool Is(string path) => path.IndexOfAny(Wildcards) >= 0 && !Path.Exists(path);

    /// <summary>The files that match, in ordinal order of their paths. Names that begin with a dot match only what does, too.</summary>
    /// <param name="pattern">The pattern; nothing below a folder that is not there matches.</param>
    /// <exception cref="IOException">A folder cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A folder cannot be read.</exception>
    public static IReadOnlyList<string> Files(string pattern)
    {
        string root = Path.GetPathRoot(pattern)!;
        string[] parts = pattern[root.Length..].Split(
            [Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries);
        int first = Array.FindIndex(parts, part => part.IndexOfAny(Wildcards) >= 0);
        string folder = Path.Combine([root, .. parts[..first]]);
        return [.. Matches(folder, parts[first..]).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    private static IEnumerable<string> Matches(string folder, string[] parts)
    {
        if (!Directory.Exists(folder)) return [];
        if (parts is ["**", ..])
        {
            string[] rest = parts is ["**"] ? ["*"] : parts[1..];
            return Matches(folder, rest).Concat(Directory.EnumerateDirectories(folder)
                // A link may lead back.
                .Where(d => IsMatch("*", d) && !File.GetAttributes(d).HasFlag(FileAttributes.ReparsePoint))
                .SelectMany(d => Matches(d, parts)));
        }

        return parts.Length == 1 ? Directory.EnumerateFiles(folder).Where(f => IsMatch(parts[0], f))
            : Directory.EnumerateDirectories(folder).Where(d => IsMatch(parts[0], d)).SelectMany(d => Matches(d, parts[1..]));
    }

    private static bool IsMatch(string part, string path)
    {
        string name = Path.GetFileName(path);
        return name.StartsWith('.') == part.StartsWith('.') && FileSystemName.MatchesSimpleExpression(part, name, ignoreCase: false);
    }
}
