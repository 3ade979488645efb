using System.Globalization;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Build;

/// <summary>
/// Checks the items, names their files, and writes down their inputs, so that MSBuild sees which are up to date. Reads no model.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class ResolveModels : ModelTask
{
    /// <summary>The items of the project.</summary>
    [Required]
    public ITaskItem[] Items { get; set; } = [];

    /// <summary>The folder of the artifacts.</summary>
    [Required]
    public string ArtifactFolder { get; set; } = "";

    /// <summary>The folder of the wrappers.</summary>
    [Required]
    public string WrapperFolder { get; set; } = "";

    /// <summary>The namespace of classes whose items name none.</summary>
    public string RootNamespace { get; set; } = "";

    /// <summary>Whether the compression follows, so that its inputs must be written down.</summary>
    public bool ForCompression { get; set; }

    /// <summary>The items with the paths of their artifacts.</summary>
    [Output]
    public ITaskItem[] Models { get; private set; } = [];

    private protected override void Run()
    {
        var owners = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var models = new List<ITaskItem>();
        foreach (ITaskItem item in Items)
        {
            try
            {
                foreach (Diagnostic diagnostic in ModelItem.Misspelt(item))
                    if (ForCompression) Report(diagnostic);
                ModelItem model = ModelItem.Parse(item, ProjectDirectory, RootNamespace);
                if (!owners.TryAdd(model.ClassName, model.Given))
                    throw new CompilationException(
                        OptionDiagnostics.DuplicateClassName.At(model.Given, null, model.ClassName, owners[model.ClassName]));
                models.Add(Resolve(item, model));
            }
            catch (CompilationException e)
            {
                Report(e.Diagnostic);
            }
        }

        Models = [.. models];
    }

    private TaskItem Resolve(ITaskItem item, ModelItem model)
    {
        var paths = new ArtifactPaths(Path.GetFullPath(ArtifactFolder, ProjectDirectory), model.ClassName);
        string wrappers = Path.GetFullPath(WrapperFolder, ProjectDirectory);
        string wrapper = Path.Combine(wrappers, model.ClassName + ".g.cs");
        string wrapperInputs = Path.Combine(wrappers, model.ClassName + ".g.inputs");

        string options = OptionCatalog.Describe(model.Options);
        string[] inputs = [model.File, .. OptionCatalog.PathsIn(model.Options).SelectMany(FilesOf)];
        string[] artifacts = [paths.Tflite, paths.Diagnostics,
            .. model.Embed ? new[] { paths.Embedded } : [],
            .. model.Artifacts.Contains("onnx") ? new[] { paths.Onnx } : [],
            .. model.Artifacts.Contains("report") ? new[] { paths.Report, paths.ReportPage } : []];
        if (ForCompression)
            ArtifactFile.WriteIfDifferent(
                paths.Inputs, Describe(inputs, options, $"artifacts {string.Join(' ', model.Artifacts)} embed {model.Embed}"));

        // Calibration data gives sizes that a model leaves open, a recipe may name states.
        string[] sources = [model.File, .. model.Options.CalibrationData.SelectMany(FilesOf),
            .. FilesOf(model.Options.Recipe), .. FilesOf(model.Labels)];
        ArtifactFile.WriteIfDifferent(wrapperInputs, Describe(sources, options,
            $"namespace {model.Namespace} embed {model.Embed}",
            $"inputs {string.Join(' ', model.InputNames)} outputs {string.Join(' ', model.OutputNames)}",
            $"softmax {model.Softmax}"));

        // MSBuild looks only at the files that describe the inputs: one that is dated in the future would be new at every build.
        // Metadata is kept escaped, because a path may contain MSBuild's separators.
        var resolved = new TaskItem(item);
        resolved.SetMetadata("ResolvedClassName", model.ClassName);
        resolved.SetMetadata("Tflite", Escape(paths.Tflite));
        resolved.SetMetadata("Embedded", Escape(paths.Embedded));
        resolved.SetMetadata("DiagnosticsFile", Escape(paths.Diagnostics));
        resolved.SetMetadata("Embed", model.Embed ? "true" : "false");
        resolved.SetMetadata("CompressionInputs", Join([paths.Inputs, .. Lines(paths.ExternalFiles)]));
        resolved.SetMetadata("CompressionOutputs", Join(artifacts));
        resolved.SetMetadata("Wrapper", Escape(wrapper));
        resolved.SetMetadata("WrapperInputsFile", Escape(wrapperInputs));
        return resolved;
    }

    // Sizes and times are part of the text, so that a file that was replaced by an older one counts as changed too.
    private static string Describe(string[] files, params string[] options)
    {
        var text = new StringBuilder();
        foreach (string option in options) text.Append(option).Append('\n');
        foreach (string file in files)
        {
            // What a link leads to counts, not the link.
            FileSystemInfo? target = File.ResolveLinkTarget(file, returnFinalTarget: true);
            var info = target is null ? new FileInfo(file) : new FileInfo(target.FullName);
            text.Append(CultureInfo.InvariantCulture, $"{file} {info.Length} {info.LastWriteTimeUtc:O}\n");
        }

        return text.ToString();
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.Exists(path) ? [.. File.ReadAllLines(path).Where(File.Exists)] : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static IEnumerable<string> FilesOf(string? path) =>
        path is null ? []
        : ModelItem.FileOf(path) is var file && Directory.Exists(file)
            ? Directory.EnumerateFiles(file, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        : SamplePattern.Is(file) ? SamplePattern.Files(file)
        : [file];

    private static string Join(IEnumerable<string> paths) => string.Join(';', paths.Select(Escape));

    private static string Escape(string path)
    {
        const string special = "%*?@$();'";
        return string.Concat(path.Select(c => special.Contains(c) ? $"%{(int)c:X2}" : c.ToString()));
    }
}
