using System.Globalization;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Data;

/// <summary>Reads the class numbers that belong to samples.</summary>
internal static class LabelSource
{
    /// <summary>Reads all labels.</summary>
    /// <param name="path">
    /// An integer .npy, .npz, .csv (<c>data.csv#label</c> chooses a column) or IDX file of one number per sample, a text file of one
    /// number per line, or a folder with a subfolder of images or sounds per class, which are numbered from 0 in ordinal order of
    /// their names.
    /// </param>
    /// <returns>The label of each sample, from 0 to 2³¹ − 1.</returns>
    /// <exception cref="CompilationException">There are no labels.</exception>
    public static int[] Read(string path)
    {
        try
        {
            return Directory.Exists(path) ? FromFolder(path) : FromFile(path);
        }
        catch (Exception e) when (SampleSource.IsUnreadable(e))
        {
            throw DataDiagnostics.Unreadable.In(path, e, e.Message.TrimEnd('.'));
        }
    }

    /// <summary>Whether a file holds floats, which are no class numbers.</summary>
    /// <exception cref="CompilationException">It cannot be read.</exception>
    internal static bool AreFloats(string path)
    {
        try
        {
            if (Directory.Exists(path)) return false;
            using SampleSource? source = DataFile.Open(path, orNull: true);
            return source is not null && !Elements.IsInteger(source.Type);
        }
        catch (Exception e) when (SampleSource.IsUnreadable(e))
        {
            throw DataDiagnostics.Unreadable.In(path, e, e.Message.TrimEnd('.'));
        }
    }

    private static int[] FromFolder(string path)
    {
        SampleFolder folder = SampleFolder.List(path);
        if (folder.Files.Count == 0) throw DataDiagnostics.Empty.In(path, null, "the folder holds no image or sound");
        int unlabelled = folder.Classes.ToList().IndexOf(-1);
        return unlabelled < 0 ? [.. folder.Classes]
            : throw Invalid(path, $"{Path.GetFileName(folder.Files[unlabelled])} is not in a subfolder");
    }

    private static int[] FromFile(string path)
    {
        using SampleSource? source = DataFile.Open(path, orNull: true);
        if (source is null) return FromText(path);
        if (!Elements.IsInteger(source.Type) || source.SampleShape.Any(dim => dim != 1))
            throw Invalid(path, $"the file holds {source.Type} of shape [{string.Join(", ", [source.Count, .. source.SampleShape])}]");
        int[] labels = new int[source.Count];
        for (int i = 0; i < labels.Length; i++)
        {
            float value = Elements.ToFloats(source.Read(i))[0];
            labels[i] = value is >= 0 and < int.MaxValue ? (int)Elements.ToInt64s(source.Read(i))[0]
                : throw Invalid(path, $"label {i} is {value.ToString(CultureInfo.InvariantCulture)}");
        }

        return labels;
    }

    private static int[] FromText(string path)
    {
        var labels = new List<int>();
        int number = 0;
        InputFile.Check(path);
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            if (!int.TryParse(line.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int label))
                throw Invalid(path, $"line {number} is '{Shorten(line.Trim())}'");
            labels.Add(label);
        }

        return labels.Count > 0 ? [.. labels] : throw DataDiagnostics.Empty.In(path, null, "the file is empty");
    }

    private static string Shorten(string line) => line.Length > 40 ? $"{line[..40]}…" : line;

    private static CompilationException Invalid(string path, string reason) =>
        DataDiagnostics.InvalidLabels.In(path, null, reason);
}
