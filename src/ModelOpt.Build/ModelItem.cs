using Microsoft.Build.Framework;
using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Emit.CSharp;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Build;

/// <summary>A <c>ModelItem</c> of a project, its metadata read and checked.</summary>
internal sealed record ModelItem
{
    /// <summary>The names of all metadata.</summary>
    public static readonly IReadOnlyList<string> Metadata =
    [
        nameof(ClassName), nameof(Namespace), nameof(Preset), nameof(InputNames), nameof(OutputNames), nameof(Labels),
        nameof(Softmax), "EmbedArtifact", nameof(Artifacts),
        .. OptionCatalog.OfItems.Select(o => o.Name),
    ];

    /// <summary>The path as the project writes it.</summary>
    public required string Given { get; init; }

    /// <summary>The absolute path of the model.</summary>
    public required string File { get; init; }

    /// <summary>The name of the generated class and of the artifacts.</summary>
    public required string ClassName { get; init; }

    /// <summary>The namespace of the generated class.</summary>
    public required string Namespace { get; init; }

    /// <summary>The compression options.</summary>
    public required CompileOptions Options { get; init; }

    /// <summary>The names that the class gives the inputs; empty for those of the model.</summary>
    public IReadOnlyList<string> InputNames { get; init; } = [];

    /// <summary>The names that the class gives the outputs; empty for those of the model.</summary>
    public IReadOnlyList<string> OutputNames { get; init; } = [];

    /// <summary>The absolute path of the labels, or null.</summary>
    public string? Labels { get; init; }

    /// <summary>Whether labelled scores are logits, which the class gives as probabilities.</summary>
    public bool Softmax { get; init; }

    /// <summary>Whether the artifact is embedded in the assembly rather than copied beside it.</summary>
    public bool Embed { get; init; } = true;

    /// <summary>Which of tflite, onnx and report to write.</summary>
    public IReadOnlyList<string> Artifacts { get; init; } = [];

    /// <summary>Reads the metadata of an item.</summary>
    /// <param name="item">The item.</param>
    /// <param name="projectDirectory">The folder to which paths are relative.</param>
    /// <param name="rootNamespace">The namespace where the item names none.</param>
    /// <exception cref="CompilationException">A value is not possible, or a file is missing.</exception>
    public static ModelItem Parse(ITaskItem item, string projectDirectory, string rootNamespace)
    {
        string file = Absolute(projectDirectory, item.ItemSpec);
        try
        {
            return Parse(new Reader(item, projectDirectory), file, rootNamespace);
        }
        catch (CompilationException e)
        {
            throw e.InFile(item.ItemSpec);
        }
    }

    /// <summary>Unknown metadata with a name like one of ours, and the name that was probably meant.</summary>
    /// <param name="item">The item.</param>
    public static IEnumerable<Diagnostic> Misspelt(ITaskItem item) =>
        from string name in item.CloneCustomMetadata().Keys.Cast<string>().Order(StringComparer.Ordinal)
        where !Metadata.Contains(name, StringComparer.OrdinalIgnoreCase)
        let nearest = OptionParsing.Nearest(name, Metadata)
        where nearest is not null
        select OptionDiagnostics.UnknownMetadata.At(item.ItemSpec, null, name, nearest);

    /// <summary>The file that a data path names: <c>data.npz#name</c> is one array of <c>data.npz</c>.</summary>
    /// <param name="path">The path.</param>
    public static string FileOf(string path)
    {
        int fragment = path.LastIndexOf('#');
        return fragment > 0 && !System.IO.Path.Exists(path) ? path[..fragment] : path;
    }

    private static ModelItem Parse(Reader read, string file, string rootNamespace)
    {
        if (!System.IO.File.Exists(file)) throw OptionDiagnostics.FileNotFound.Error(null, "ModelItem", read.Given);

        if (OptionCatalog.All.FirstOrDefault(o => o.IsExpert && read.Text(o.Name).Length > 0) is { } moved)
            throw OptionDiagnostics.ForExperts.Error(null, moved.Name, moved.Key);
        CompileOptions options = read.Value(nameof(Preset), OptionParsing.Choice<Preset>).Options();
        foreach (OptionDescription option in OptionCatalog.OfItems)
        {
            if (read.Text(option.Name) is not { Length: > 0 } text) continue;
            options = option.In(options, option.Values switch
            {
                PathValue => read.Path(option.Name, text),
                PathsValue => read.Paths(option.Name),
                _ => option.Values.Parse(option.Name, text, option.Values.Choices),
            });
        }

        string className = read.Text(nameof(ClassName)) is { Length: > 0 } c ? c : CSharpNames.ClassName(file);
        if (!CSharpNames.IsTypeName(className))
            throw OptionDiagnostics.InvalidIdentifier.Error(null, nameof(ClassName), className, "class name");
        if (CSharpNames.IsMember(className))
            throw OptionDiagnostics.InvalidIdentifier.Error(
                null, nameof(ClassName), className, "class name here, as the class has a member of that name");
        string ns = read.Text(nameof(Namespace)) is { Length: > 0 } n ? n : CSharpNames.Namespace(rootNamespace);
        if (ns.Length > 0 && !CSharpNames.IsNamespace(ns))
            throw OptionDiagnostics.InvalidIdentifier.Error(null, nameof(Namespace), ns, "namespace");
        if (ns.Length == 0 && className is "System" or "ModelOpt")
            throw OptionDiagnostics.InvalidIdentifier.Error(
                null, nameof(ClassName), className, "class name outside of a namespace that has this name");

        return new()
        {
            Given = read.Given,
            File = file,
            ClassName = className,
            Namespace = ns,
            Options = options,
            InputNames = read.List(nameof(InputNames)),
            OutputNames = read.List(nameof(OutputNames)),
            Labels = read.Value(nameof(Labels), read.Path),
            Softmax = read.Value(nameof(Softmax), OptionParsing.Boolean),
            Embed = read.Value("EmbedArtifact", OptionParsing.Boolean, true),
            Artifacts = [.. read.List(nameof(Artifacts)).Select(a => OptionParsing.Choice(nameof(Artifacts), a, ArtifactPaths.All))],
        };
    }

    private static string Absolute(string directory, string path) =>
        System.IO.Path.GetFullPath(path.Replace('\\', System.IO.Path.DirectorySeparatorChar), directory);

    /// <summary>Reads metadata of one item; empty ones take the default.</summary>
    private sealed class Reader(ITaskItem item, string projectDirectory)
    {
        public string Given => item.ItemSpec;

        public string Text(string name) => item.GetMetadata(name).Trim();

        public T Value<T>(string name, Func<string, string, T> parse, T otherwise = default!) =>
            Text(name) is { Length: > 0 } text ? parse(name, text) : otherwise;

        public string[] List(string name) =>
            Text(name).Split([';', ','], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

        public List<string> Paths(string name) =>
            [.. Text(name).Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(path => Path(name, path))];

        public string Path(string name, string path)
        {
            string absolute = Absolute(projectDirectory, path);
            // That a pattern matches nothing, the data says.
            return System.IO.Path.Exists(FileOf(absolute)) || SamplePattern.Is(FileOf(absolute)) ? absolute
                : throw OptionDiagnostics.FileNotFound.Error(null, name, path);
        }
    }
}
