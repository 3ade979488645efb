namespace ModelOpt.Compiler.Data;

/// <summary>
/// The .png files of a folder and of its subfolders, which are classes, in ordinal order of their names; where there are none, its
/// .npy and .npz files. Names that begin with a dot are left out.
/// </summary>
/// <param name="Files">The files' paths: those of the folder itself, then those of each subfolder.</param>
/// <param name="Classes">For each file the number of its subfolder, from 0; −1 for the folder itself.</param>
/// <param name="AreImages">Whether they are images, or there are none at all.</param>
internal sealed record SampleFolder(IReadOnlyList<string> Files, IReadOnlyList<int> Classes, bool AreImages)
{
    /// <summary>Lists a folder.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be read.</exception>
    public static SampleFolder List(string path)
    {
        SampleFolder images = List(path, true);
        return images.Files.Count == 0 && List(path, false) is { Files.Count: > 0 } arrays ? arrays : images;
    }

    /// <summary>Whether a file is named as one that holds several arrays.</summary>
    public static bool IsNpz(string file) => Has(file, ".npz");

    private static SampleFolder List(string path, bool images)
    {
        var files = new List<string>();
        var classes = new List<int>();
        string[] folders = [path, .. Sorted(Directory.EnumerateDirectories(path))];
        for (int i = 0; i < folders.Length; i++)
        {
            files.AddRange(Sorted(Directory.EnumerateFiles(folders[i])
                .Where(file => images ? Has(file, ".png") : Has(file, ".npy") || IsNpz(file))));
            classes.AddRange(Enumerable.Repeat(i - 1, files.Count - classes.Count));
        }

        return new SampleFolder(files, classes, images);
    }

    private static bool Has(string file, string extension) => Path.GetExtension(file).Equals(extension, StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<string> Sorted(IEnumerable<string> paths) => paths
        .Where(path => !Path.GetFileName(path).StartsWith('.'))
        .OrderBy(path => Path.GetFileName(path), StringComparer.Ordinal);
}
