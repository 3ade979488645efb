namespace ModelOpt.Compiler.Data;

/// <summary>What the files of a folder are, by their names.</summary>
internal enum SampleKind
{
    /// <summary>.png, .jpg, .jpeg, .webp and .bmp.</summary>
    Images,

    /// <summary>.wav.</summary>
    Sounds,

    /// <summary>.npy, .npz and .csv.</summary>
    Arrays,
}

/// <summary>
/// The images of a folder and of its subfolders, which are classes, in ordinal order of their names; where there are none, its
/// sounds, and where there are none either, its arrays. Names that begin with a dot are left out.
/// </summary>
/// <param name="Files">The files' paths: those of the folder itself, then those of each subfolder.</param>
/// <param name="Classes">For each file the number of its subfolder, from 0; −1 for the folder itself.</param>
internal sealed record SampleFolder(IReadOnlyList<string> Files, IReadOnlyList<int> Classes)
{
    /// <summary>Lists a folder.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be read.</exception>
    public static SampleFolder List(string path) => Enum.GetValues<SampleKind>().Select(kind => List(path, kind))
        .FirstOrDefault(folder => folder.Files.Count > 0) ?? new SampleFolder([], []);

    /// <summary>Whether a file is named as one that holds several arrays.</summary>
    public static bool IsNpz(string file) => Path.GetExtension(file).Equals(".npz", StringComparison.OrdinalIgnoreCase);

    /// <summary>What a file is by its name; null for none.</summary>
    public static SampleKind? KindOf(string file) => Path.GetExtension(file).ToLowerInvariant() switch
    {
        ".png" or ".jpg" or ".jpeg" or ".webp" or ".bmp" => SampleKind.Images,
        ".wav" => SampleKind.Sounds,
        ".npy" or ".npz" or ".csv" => SampleKind.Arrays,
        _ => null,
    };

    private static SampleFolder List(string path, SampleKind kind)
    {
        var files = new List<string>();
        var classes = new List<int>();
        string[] folders = [path, .. Sorted(Directory.EnumerateDirectories(path))];
        for (int i = 0; i < folders.Length; i++)
        {
            files.AddRange(Sorted(Directory.EnumerateFiles(folders[i]).Where(file => KindOf(file) == kind)));
            classes.AddRange(Enumerable.Repeat(i - 1, files.Count - classes.Count));
        }

        return new SampleFolder(files, classes);
    }

    private static IEnumerable<string> Sorted(IEnumerable<string> paths) => paths
        .Where(path => !Path.GetFileName(path).StartsWith('.'))
        .OrderBy(path => Path.GetFileName(path), StringComparer.Ordinal);
}
