using System.Reflection;
using System.Security.Cryptography;
using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Training;

/// <summary>
/// A file with the state of training; an interrupted run resumes from it to the same result. It holds the key of its model, options and
/// data and is ignored for others. It is replaced as a whole, and a checksum detects damage.
/// </summary>
internal sealed class Checkpoint
{
    private static readonly byte[] Magic = [.. "MOPTCKP1"u8];

    /// <summary>The phase that may come before another in one build.</summary>
    public const string Gradual = "prune";

    private const string GradualSuffix = "." + Gradual;

    private readonly string _path;
    private readonly byte[] _key;
    private readonly IDiagnosticSink _diagnostics;
    private bool _isTold;

    private Checkpoint(string path, byte[] key, IDiagnosticSink diagnostics) => (_path, _key, _diagnostics) = (path, key, diagnostics);

    /// <summary>The checkpoint that options name; null where they name none. Each phase of training has one of its own.</summary>
    /// <param name="graph">The graph as it is before training.</param>
    /// <param name="context">The options, and all else that the result depends on.</param>
    /// <exception cref="CompilationException">Data cannot be read.</exception>
    public static Checkpoint? Of(Graph graph, PassContext context, string phase) => context.Options.CheckpointFile is { } path
        ? new(phase == Gradual ? path + GradualSuffix : path, KeyOf(graph, context), context.Diagnostics) : null;

    /// <summary>Reads the state if it belongs to the same model, options and data. A damaged checkpoint is reported and ignored.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Load(Action<StateStream> state)
    {
        byte[] file;
        try
        {
            if (!File.Exists(_path)) return false;
            file = InputFile.ReadAllBytes(_path);
        }
        catch (Exception e) when (SampleSource.IsUnreadable(e))
        {
            _diagnostics.Report(TrainingDiagnostics.CheckpointUnreadable.At(null, null, _path, e.Message.TrimEnd('.')));
            return false;
        }

        int head = Magic.Length + SHA256.HashSizeInBytes;
        bool isWhole = file.Length >= head && file.AsSpan(0, Magic.Length).SequenceEqual(Magic)
            && SHA256.HashData(file.AsSpan(head)).AsSpan().SequenceEqual(file.AsSpan(Magic.Length, SHA256.HashSizeInBytes));
        if (!isWhole)
        {
            _diagnostics.Report(TrainingDiagnostics.CheckpointUnreadable.At(null, null, _path, "it is damaged"));
            return false;
        }

        if (!file.AsSpan(head, _key.Length).SequenceEqual(_key)) return false;
        state(StateStream.From(new MemoryStream(file, head + _key.Length, file.Length - head - _key.Length, writable: false)));
        return true;
    }

    /// <summary>Replaces the file. A failure is reported once, and training continues.</summary>
    public void Save(Action<StateStream> state)
    {
        using MemoryStream content = new();
        content.Write(_key);
        state(StateStream.To(content));
        byte[] bytes = content.ToArray();
        string beside = _path + ".tmp";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(_path))!);
            File.WriteAllBytes(beside, [.. Magic, .. SHA256.HashData(bytes), .. bytes]);
            File.Move(beside, _path, overwrite: true);
        }
        catch (Exception e) when (SampleSource.IsUnreadable(e))
        {
            if (!_isTold) _diagnostics.Report(TrainingDiagnostics.CheckpointNotWritten.At(null, null, _path, e.Message.TrimEnd('.')));
            _isTold = true;
        }
    }

    /// <summary>Deletes a checkpoint and a partly written one.</summary>
    /// <param name="path">The checkpoint; null for none.</param>
    public static void Delete(string? path)
    {
        if (path is null) return;
        foreach (string file in (string[])[path, path + ".tmp", path + GradualSuffix, path + GradualSuffix + ".tmp"])
        {
            try
            {
                File.Delete(file);
            }
            catch (Exception e) when (SampleSource.IsUnreadable(e))
            {
                // The file stays behind and affects nothing else.
            }
        }
    }

    /// <summary>Deletes it.</summary>
    public void Delete() => Delete(_path);

    /// <summary>
    /// A hash of all that the result depends on: this program, the graph, its teacher, options and the content of the data.
    /// </summary>
    private static byte[] KeyOf(Graph graph, PassContext context)
    {
        using var hash = SHA256.Create();
        using CryptoStream bytes = new(Stream.Null, hash, CryptoStreamMode.Write);
        StateStream stream = StateStream.To(bytes);
        stream.Elements<byte>(Assembly.GetExecutingAssembly().ManifestModule.ModuleVersionId.ToByteArray());
        stream.Array(OnnxWriter.Write(graph));
        new GraphState(graph).Exchange(stream, null);
        if (context.Reference is { } reference) stream.Array(OnnxWriter.Write(reference));
        CompileOptions o = context.Options;
        // Of data, the content counts and not where it lies.
        foreach (OptionDescription option in OptionCatalog.All)
        {
            object? value = option.Of(option.IsOfRecipes ? context.Model : o);
            stream.Array((value is null || option.Values.Paths(value).Count > 0
                ? ""
                : $"{option.Name} {option.Values.Format(value)}").ToCharArray());
        }

        IReadOnlyList<string> training = o.TrainingData.Count > 0 ? o.TrainingData : o.CalibrationData;
        foreach (string? data in (string?[])[.. training, o.TrainingLabels, .. o.EvaluationData, o.EvaluationLabels])
            DataFingerprint.Append(bytes, data, context.Cancellation);
        bytes.FlushFinalBlock();
        return hash.Hash!;
    }
}
