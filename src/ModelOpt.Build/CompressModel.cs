using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Build.Framework;
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
    private readonly CancellationTokenSource _cancellation = new();

    /// <summary>The item, as <see cref="ResolveModels"/> gave it.</summary>
    [Required]
    public ITaskItem Model { get; set; } = null!;

    /// <summary>The folder of the artifacts.</summary>
    [Required]
    public string ArtifactFolder { get; set; } = "";

    /// <inheritdoc/>
    public void Cancel() => _cancellation.Cancel();

    /// <inheritdoc/>
    public void Dispose() => _cancellation.Dispose();

    private protected override void Run()
    {
        ModelItem item = ModelItem.Parse(Model, ProjectDirectory, "");
        var paths = new ArtifactPaths(Path.GetFullPath(ArtifactFolder, ProjectDirectory), item.ClassName);
        var diagnostics = new DiagnosticList();
        var time = Stopwatch.StartNew();
        CompiledModel compiled;
        try
        {
            compiled = ModelCompiler.Compile(
                item.File, item.Options with { CheckpointFile = paths.Checkpoint }, diagnostics, new Progress(this, item.Given, time),
                _cancellation.Token);
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

        _cancellation.Token.ThrowIfCancellationRequested();
        try
        {
            Write(item, paths, compiled, diagnostics);
            Checkpoint.Delete(paths.Checkpoint);
        }
        catch (CompilationException e)
        {
            throw e.InFile(item.Given);
        }

        Log.LogMessage(MessageImportance.High, "{0}", Summary(item, compiled, time.Elapsed));
    }

    private static void Write(ModelItem item, ArtifactPaths paths, CompiledModel compiled, DiagnosticList diagnostics)
    {
        WriteIf("onnx", paths.Onnx, compiled.Onnx);
        WriteIf("report", paths.Report, compiled.Report.ToJson());
        WriteIf("report", paths.ReportPage, compiled.Report.ToHtml());
        ArtifactFile.Write(paths.Diagnostics, LoggedDiagnostic.Write(diagnostics.Diagnostics.Select(d => Relative(d, item))));
        ArtifactFile.Write(paths.ExternalFiles, Encoding.UTF8.GetBytes(string.Join('\n', ExternalFiles.Of(item.File))));
        if (item.Embed) ArtifactFile.Write(paths.Embedded, compiled.Embedded);
        else ArtifactFile.Delete(paths.Embedded);
        ArtifactFile.Write(paths.Tflite, compiled.Tflite);

        void WriteIf(string artifact, string path, byte[] bytes)
        {
            if (item.Artifacts.Contains(artifact)) ArtifactFile.Write(path, bytes);
            else ArtifactFile.Delete(path);
        }
    }

    // Messages name the model as the project does.
    private static Diagnostic Relative(Diagnostic diagnostic, ModelItem item) =>
        diagnostic.File is null || diagnostic.File == item.File ? diagnostic with { File = item.Given } : diagnostic;

    private static string Summary(ModelItem item, CompiledModel compiled, TimeSpan time)
    {
        string done = string.Join(", ", compiled.Report.Techniques);
        long before = compiled.Report.OnnxBytes;
        string embedded = item.Embed && compiled.Embedded.Length < compiled.Tflite.Length
            ? $", {Size(compiled.Embedded.Length)} embedded" : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"{Path.GetFileName(item.Given)} → {Size(compiled.Tflite.Length)} {done} (was {Size(before)}, "
            + $"{100.0 * compiled.Tflite.Length / Math.Max(before, 1):0} %){embedded}, {time.TotalSeconds:0.0} s");
    }

    private static string Size(long bytes) => bytes < 1_000_000
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1000.0:0.#} KB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB");

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
