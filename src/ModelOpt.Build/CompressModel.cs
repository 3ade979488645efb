using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Build.Framework;
using ModelOpt.Compiler.Caching;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Training;

namespace ModelOpt.Build;

/// <summary>Compresses one model and writes its artifacts.</summary>
[MSBuildMultiThreadableTask]
public sealed class CompressModel : ModelTask, ICancelableTask, IDisposable
{
    private const long BytesOfMegabyte = 1_000_000;
    private readonly CancellationTokenSource _cancellation = new();

    /// <summary>The item, as <see cref="ResolveModels"/> gave it.</summary>
    [Required]
    public ITaskItem Model { get; set; } = null!;

    /// <summary>The folder of the artifacts.</summary>
    [Required]
    public string ArtifactFolder { get; set; } = "";

    /// <summary>Whether results are kept, and taken, in the cache.</summary>
    public bool UseCache { get; set; }

    /// <summary>The folder of the cache.</summary>
    public string CacheDirectory { get; set; } = "";

    /// <summary>How many megabytes the cache may hold.</summary>
    public long CacheMegabytes { get; set; }

    /// <inheritdoc/>
    public void Cancel() => _cancellation.Cancel();

    /// <inheritdoc/>
    public void Dispose() => _cancellation.Dispose();

    private protected override void Run()
    {
        ModelItem item = ModelItem.Parse(Model, ProjectDirectory, "");
        var paths = new ArtifactPaths(Path.GetFullPath(ArtifactFolder, ProjectDirectory), item.ClassName);
        var time = Stopwatch.StartNew();
        ArtifactCache? cache = UseCache
            ? new(Path.GetFullPath(CacheDirectory, ProjectDirectory), CacheMegabytes * BytesOfMegabyte) : null;
        string? key = cache is null ? null : KeyOf(item);
        CompressedModel? known = key is null ? null : CompressedModel.FromParts(cache!.Find(key));
        CompressedModel compressed = known ?? Compress(item, paths, time);
        _cancellation.Token.ThrowIfCancellationRequested();
        try
        {
            Write(item, paths, compressed);
            Checkpoint.Delete(paths.Checkpoint);
        }
        catch (CompilationException e)
        {
            throw e.InFile(item.Given);
        }

        // Inputs that changed meanwhile have another key.
        if (key is not null && known is null && KeyOf(item) == key && !cache!.Store(key, compressed.ToParts()))
            Log.LogMessage(MessageImportance.Low, "Not kept in the cache '{0}': it cannot be written, or is too small.", CacheDirectory);
        string source = known is null ? "" : "from the cache, ";
        Log.LogMessage(MessageImportance.High, "{0}", string.Create(CultureInfo.InvariantCulture,
            $"{Path.GetFileName(item.Given)} → {compressed.Say(item.Embed)}, {source}{time.Elapsed.TotalSeconds:0.0} s"));
    }

    // A model that cannot be read has no key; compressing it says why.
    private string? KeyOf(ModelItem item)
    {
        try
        {
            string key = CompilationKey.Of(
                item.File, item.Options, typeof(CompressedModel).Module.ModuleVersionId, _cancellation.Token);
            Log.LogMessage(MessageImportance.Low, "The key of '{0}' in the cache is {1}.", item.Given, key);
            return key;
        }
        catch (CompilationException)
        {
            return null;
        }
    }

    private CompressedModel Compress(ModelItem item, ArtifactPaths paths, Stopwatch time)
    {
        var diagnostics = new DiagnosticList();
        try
        {
            CompiledModel compiled = ModelCompiler.Compile(
                item.File, item.Options with { CheckpointFile = paths.Checkpoint }, diagnostics, new Progress(this, item.Given, time),
                _cancellation.Token);
            return CompressedModel.Of(compiled, diagnostics.Diagnostics.Select(d => Relative(d, item)));
        }
        catch (CompilationException e)
        {
            // Warnings that came before are worth knowing: they may be the cause.
            foreach (Diagnostic diagnostic in diagnostics.Diagnostics) Report(Relative(diagnostic, item));
            throw new CompilationException(Relative(e.Diagnostic, item), e);
        }
        catch (Exception e) when (e is not (OperationCanceledException or OutOfMemoryException))
        {
            throw new CompilationException(Unexpected(item.Given, e), e);
        }
    }

    private static void Write(ModelItem item, ArtifactPaths paths, CompressedModel compressed)
    {
        WriteIf("onnx", paths.Onnx, compressed.Onnx);
        WriteIf("report", paths.Report, compressed.Report);
        WriteIf("report", paths.ReportPage, compressed.ReportPage);
        ArtifactFile.Write(paths.Diagnostics, compressed.Diagnostics);
        ArtifactFile.Write(paths.ExternalFiles, Encoding.UTF8.GetBytes(string.Join('\n', ModelReader.FilesBeside(item.File))));
        if (item.Embed) ArtifactFile.Write(paths.Embedded, compressed.Embedded);
        else ArtifactFile.Delete(paths.Embedded);
        ArtifactFile.Write(paths.Tflite, compressed.Tflite);

        void WriteIf(string artifact, string path, byte[] bytes)
        {
            if (item.Artifacts.Contains(artifact)) ArtifactFile.Write(path, bytes);
            else ArtifactFile.Delete(path);
        }
    }

    // Messages name the model as the project does.
    private static Diagnostic Relative(Diagnostic diagnostic, ModelItem item) =>
        diagnostic.File is null || diagnostic.File == item.File ? diagnostic with { File = item.Given } : diagnostic;

    /// <summary>Logs the progress of long work now and then.</summary>
    private sealed class Progress(CompressModel task, string model, Stopwatch time) : IProgress<CompileProgress>
    {
        private static readonly TimeSpan First = TimeSpan.FromSeconds(3);
        private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
        private readonly Lock _gate = new();
        private TimeSpan _next = First;

        public void Report(CompileProgress value)
        {
            lock (_gate)
            {
                if (time.Elapsed < _next) return;
                _next = time.Elapsed + Interval;
            }

            task.Log.LogMessage(MessageImportance.High, "{0}: {1}", Path.GetFileName(model), value);
        }
    }
}
