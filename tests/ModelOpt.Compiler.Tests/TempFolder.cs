namespace ModelOpt.Compiler.Tests;

/// <summary>A folder of its own for one test, deleted after it.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("modelopt").FullName;

    /// <summary>The path of a file in the folder.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file, its folders too, and gives its path.</summary>
    public string Write(string name, ReadOnlySpan<byte> content)
    {
        string path = this[name];
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
