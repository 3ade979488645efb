using System.IO.Compression;
using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Compiler.Data;

/// <summary>Opens files of arrays and tables.</summary>
internal static class DataFile
{
    private const int StartBytes = 10;

    /// <summary>
    /// Opens a .csv file by its name, others by their first bytes: .npy, .npz or IDX, the first and the last perhaps in gzip.
    /// </summary>
    /// <param name="path">The file; <c>data.npz#name</c> chooses an array.</param>
    /// <param name="orNull">Whether a file that is none of them gives null.</param>
    /// <exception cref="CompilationException">It is none of them, or damaged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static SampleSource? Open(string path, bool orNull = false)
    {
        (string file, string? array) = SplitArray(path);
        if (CsvSource.Is(file)) return new CsvSource(file, array);
        ReadOnlySpan<byte> start = ReadStart(file);
        if (start.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]))
            return Open(path, new CompressedBytes(file, () => OpenGzip(file)));
        if (start.StartsWith("PK"u8)) return OpenNpz(path, file, array);
        return orNull && !ArrayHeader.IsNpy(start) && !ArrayHeader.IsIdx(start) ? null : Open(path, new FileBytes(file));
    }

    /// <summary>Splits <c>data.npz#name</c> or <c>folder#name</c>; what is really called so is taken as it is.</summary>
    public static (string File, string? Array) SplitArray(string path)
    {
        int hash = path.LastIndexOf('#');
        bool isSplit = hash > 0 && !Path.Exists(path) && (Path.Exists(path[..hash]) || SamplePattern.Is(path[..hash]));
        return isSplit ? (path[..hash], path[(hash + 1)..]) : (path, null);
    }

    private static byte[] ReadStart(string file)
    {
        using FileStream stream = OpenStream(file);
        byte[] start = new byte[StartBytes];
        return start[..stream.ReadAtLeast(start, StartBytes, throwOnEndOfStream: false)];
    }

    private static FileStream OpenStream(string file) => InputFile.OpenRead(file);

    private static SampleSource OpenNpz(string path, string file, string? array)
    {
        List<string> names;
        try
        {
            using ZipArchive archive = ZipFile.OpenRead(file);
            names = [.. archive.Entries.Select(e => e.FullName).Where(n => n.EndsWith(".npy", StringComparison.Ordinal))];
        }
        catch (InvalidDataException e)
        {
            throw DataDiagnostics.Damaged.In(file, e, "its list of arrays cannot be read");
        }

        if (array is not null && array.EndsWith('*'))
        {
            string[] chosen = [.. names.Select(n => n[..^4]).Where(n => n.StartsWith(array[..^1], StringComparison.Ordinal))
                .OrderBy(n => n.Length).ThenBy(n => n, StringComparer.Ordinal)];
            if (chosen.Length > 0) return new JoinedSource(path, [.. chosen.Select(n => $"{file}#{n}")]);
        }

        string held = names.Count == 0 ? "none" : string.Join(", ", names.Select(n => n[..^4]));
        if (array is null && names.Count != 1)
            throw DataDiagnostics.ChooseArray.In(file, null, "the file must hold one array, or one must be named", held);
        string entry = array is null ? names[0] : $"{array}.npy";
        if (!names.Contains(entry)) throw DataDiagnostics.ChooseArray.In(file, null, $"there is no array '{array}'", held);
        return Open(path, new CompressedBytes(file, () => OpenEntry(file, entry)));
    }

    private static ArraySource Open(string path, SampleBytes bytes)
    {
        try
        {
            byte[] start = new byte[bytes.Available(StartBytes)];
            bytes.Read(0, start);
            ArrayHeader header = ArrayHeader.IsNpy(start) ? ArrayHeader.ReadNpy(bytes, path)
                : ArrayHeader.IsIdx(start) ? ArrayHeader.ReadIdx(bytes)
                : throw DataDiagnostics.UnknownFormat.In(
                    path, null, start.Length == 0 ? "it is empty" : $"it begins with {Convert.ToHexString(start)}");
            return new ArraySource(path, bytes, header);
        }
        catch (Exception e)
        {
            bytes.Dispose();
            if (e is EndOfStreamException) throw DataDiagnostics.Damaged.In(path, e, "it ends within its header");
            if (e is InvalidDataException) throw DataDiagnostics.Damaged.In(path, e, "it cannot be decompressed");
            throw;
        }
    }

    private static (Stream, IDisposable) OpenEntry(string file, string name)
    {
        ZipArchive archive = ZipFile.OpenRead(file);
        try
        {
            return (archive.GetEntry(name)?.Open() ?? throw new InvalidDataException(), archive);
        }
        catch
        {
            archive.Dispose();
            throw;
        }
    }

    private static (Stream, IDisposable) OpenGzip(string file)
    {
        FileStream stream = OpenStream(file);
        return (new GZipStream(stream, CompressionMode.Decompress, leaveOpen: true), stream);
    }
}
