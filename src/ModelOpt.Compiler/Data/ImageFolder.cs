namespace ModelOpt.Compiler.Data;

/// <summary>
/// The .png files of a folder and of its subfolders, which are classes, in ordinal order of their names. Names that begin
/// with a dot are left out.
/// </summary>
/// <param name="Files">The images' paths: those of the folder itself, then those of each subfolder.</param>
/// <param name="Classes">For each image the number of its subfolder, from 0; −1 for the folder itself.</param>
internal sealed record ImageFolder(IReadOnlyList<string> Files, IReadOnlyList<int> Classes)
{
    /// <summary>Lists a folder.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be read.</exception>
    public static ImageFolder List(string path)
    {
        var files = new List<string>();
        var classes = new List<int>();
        string[] folders = [path, .. Sorted(Directory.EnumerateDirectories(path))];
        for (int i = 0; i < folders.Length; i++)
        {
            files.AddRange(Sorted(Directory.EnumerateFiles(folders[i])
                .Where(file => Path.GetExtension(file).Equals(".png", StringComparison.OrdinalIgnoreCase))));
            classes.AddRange(Enumerable.Repeat(i - 1, files.Count - classes.Count));
        }

        return new ImageFolder(files, classes);
    }

    private static IEnumerable<string> Sorted(IEnumerable<string> paths) => paths
        .Where(path => !Path.GetFileName(path).StartsWith('.'))
        .OrderBy(path => Path.GetFileName(path), StringComparer.Ordinal);
}
