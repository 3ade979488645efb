using System.Globalization;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Onnx.Proto;

namespace ModelOpt.Compiler.Onnx;

/// <summary>
/// Tensor data in files beside the model. A model can come from anywhere, so its paths are not trusted: only files inside
/// the model's folder are opened, links resolved.
/// </summary>
internal sealed class ExternalData
{
    private readonly string? _folder;

    /// <summary>Creates the reader.</summary>
    /// <param name="modelFile">The model's file; null where the model does not come from a file.</param>
    public ExternalData(string? modelFile) =>
        _folder = modelFile is null ? null : Path.GetDirectoryName(Path.GetFullPath(modelFile));

    /// <summary>Reads a tensor's bytes.</summary>
    /// <param name="tensor">A tensor whose data location is external.</param>
    /// <param name="expected">How many bytes its type and shape need.</param>
    /// <exception cref="CompilationException">The file is refused, absent or too short.</exception>
    public byte[] Read(TensorProto tensor, long expected)
    {
        var entries = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (StringStringEntryProto entry in tensor.ExternalData) entries[entry.Key] = entry.Value;
        string location = entries.GetValueOrDefault("location") ?? "";
        long offset = Number(tensor, entries, "offset", 0);
        long length = Number(tensor, entries, "length", expected);
        if (length != expected)
        {
            throw OnnxDiagnostics.InvalidTensor.Error(
                tensor.Name, $"has {length} bytes of external data where its shape and type need {expected}");
        }

        string path = Resolve(tensor.Name, location);
        try
        {
            using FileStream stream = InputFile.OpenRead(path);
            if (offset > stream.Length - length) throw Unreadable(tensor.Name, location, "the file is too short");
            var bytes = new byte[length];
            stream.Position = offset;
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            string cause = e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : e.Message.TrimEnd('.');
            throw new CompilationException(
                OnnxDiagnostics.UnreadableExternalData.At(null, tensor.Name, location, cause), e);
        }
    }

    private string Resolve(string tensor, string location)
    {
        if (_folder is null) throw Refused(tensor, location, "is a file, and the model does not come from one");
        if (location.Length == 0 || location.Contains('\0', StringComparison.Ordinal))
            throw Refused(tensor, location, "is not a path");
        if (Path.IsPathRooted(location) || location.StartsWith('\\') || location.Contains(':', StringComparison.Ordinal))
            throw Refused(tensor, location, "is an absolute path");

        string path = _folder;
        foreach (string part in location.Split('/', '\\'))
        {
            if (part is "" or ".") continue;
            if (part == "..") throw Refused(tensor, location, "is outside the model's folder");
            path = Path.Combine(path, part);
            if (EscapesByLink(path)) throw Refused(tensor, location, "is outside the model's folder");
        }

        return path;
    }

    /// <summary>Whether a path is a link whose end is not below the model's folder.</summary>
    private bool EscapesByLink(string path)
    {
        try
        {
            FileSystemInfo info = Directory.Exists(path) ? new DirectoryInfo(path) : new FileInfo(path);
            if (info.LinkTarget is null) return false;
            string? target = info.ResolveLinkTarget(returnFinalTarget: true)?.FullName;
            string root = Path.TrimEndingDirectorySeparator(RealPath(_folder!)) + Path.DirectorySeparatorChar;
            return target is null || !RealPath(target).StartsWith(root, StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    /// <summary>The path with the links of all its folders resolved.</summary>
    private static string RealPath(string path)
    {
        string root = Path.GetPathRoot(path) ?? "";
        string real = root;
        foreach (string part in path[root.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            real = Path.Combine(real, part);
            real = new DirectoryInfo(real).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? real;
        }

        return real;
    }

    private static long Number(TensorProto tensor, Dictionary<string, string> entries, string key, long fallback)
    {
        if (!entries.TryGetValue(key, out string? text)) return fallback;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number
            : throw OnnxDiagnostics.InvalidTensor.Error(tensor.Name, $"has the {key} '{text}' for its external data");
    }

    private static CompilationException Refused(string tensor, string location, string why) =>
        OnnxDiagnostics.RefusedExternalData.Error(tensor, location, why);

    private static CompilationException Unreadable(string tensor, string location, string why) =>
        OnnxDiagnostics.UnreadableExternalData.Error(tensor, location, why);
}
