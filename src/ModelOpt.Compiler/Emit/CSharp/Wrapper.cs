using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Emit.CSharp;

/// <summary>The project's input to a wrapper, besides the model's signature.</summary>
/// <param name="ModelFile">The name of the model file, for the documentation.</param>
/// <param name="Namespace">The namespace of the class; empty for none.</param>
internal sealed record WrapperSource(string ModelFile, string Namespace, string ClassName)
{
    /// <summary>How numbers are stored, for the documentation.</summary>
    public QuantizationMode Quantization { get; init; }

    /// <summary>Whether the artifact is a resource of the assembly; else it is a file beside it.</summary>
    public bool IsEmbedded { get; init; } = true;

    /// <summary>Whether images are taken as raw bytes, in the order batch, height, width, channel.</summary>
    public bool TakesPixels { get; init; }

    /// <summary>The names that members take for the inputs, one for each; empty to take those of the model.</summary>
    public IReadOnlyList<string> InputNames { get; init; } = [];

    /// <summary>The names that members take for the outputs, one for each; empty to take those of the model.</summary>
    public IReadOnlyList<string> OutputNames { get; init; } = [];

    /// <summary>The labels of a classifier's classes, or null.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Whether labelled scores are logits, which the class gives as probabilities.</summary>
    public bool Softmax { get; init; }

    /// <summary>The name of the file with the labels, for messages.</summary>
    public string? LabelsFile { get; init; }
}

/// <summary>An input or output as the wrapper shows it.</summary>
/// <param name="Tensor">Its name, type and shape in the model.</param>
/// <param name="Member">What the names of members begin with, such as <c>Input</c>.</param>
/// <param name="Type">The C# type of an element.</param>
/// <param name="Length">Elements of one sample, or of all where the batch is fixed; 0 where other sizes are open.</param>
internal sealed record WrapperTensor(TensorSignature Tensor, string Member, string Parameter, string Type, long Length)
{
    /// <summary>Whether any number of samples can be run at once.</summary>
    public bool HasOpenBatch => Tensor.Shape.IsBatchOpen && !HasOpenSizes;

    /// <summary>Whether sizes besides the batch are open, or depend on values.</summary>
    public bool HasOpenSizes => Tensor.Shape.Skip(1).Any(d => !d.IsKnown);

    /// <summary>Whether any size is open.</summary>
    public bool IsOpen => Tensor.Shape.Any(d => !d.IsKnown);
}

/// <summary>An input and the output that is its value in the next call.</summary>
/// <param name="Input">The index of the input.</param>
/// <param name="Output">The index of the output.</param>
internal readonly record struct WrapperState(int Input, int Output);

/// <summary>A wrapper ready to be written: every name is a valid one, and no two are equal.</summary>
internal sealed record Wrapper(
    WrapperSource Source, IReadOnlyList<WrapperTensor> Inputs, IReadOnlyList<WrapperTensor> Outputs, WrapperTensor? Labelled)
{
    /// <summary>The states that a stream carries.</summary>
    public IReadOnlyList<WrapperState> States { get; private init; } = [];

    /// <summary>The members that a wrapper has whatever its model is; C# allows none with the name of its class.</summary>
    public static readonly IReadOnlyList<string> ClassMembers =
        ["Output", "OwnedOutput", "Stream", "CreateStream", "Run", "Dispose", "ResourceName", "FileName", "Labels", "labels", "model"];

    /// <summary>Whether a call says the shapes of inputs that are open.</summary>
    public bool TakesShapes => Inputs.Any(i => i.HasOpenSizes);

    // Members that every wrapper or its Output has. A tensor with such a name gets "Values" behind it.
    private static readonly string[] MemberNames =
    [
        "Output", "OwnedOutput", "ToOwned", "Stream", "CreateStream", "Reset", "Batch", "Top", "TopK", "Labels", "Run", "Dispose",
        "ResourceName", "FileName", "DefaultPath", "Equals", "GetHashCode", "GetType", "ToString", "MemberwiseClone", "ReferenceEquals",
        "Finalize",
    ];

    // Names that the bodies of methods use.
    private static readonly string[] LocalNames = ["model", "call", "sizes"];

    /// <summary>Names members and finds the output that the labels belong to.</summary>
    /// <exception cref="CompilationException">A type has no form in C#, or labels or names fit no output or input.</exception>
    public static Wrapper Parse(WrapperSource source, ModelSignature signature)
    {
        var members = new HashSet<string>(StringComparer.Ordinal) { source.ClassName };
        var locals = new HashSet<string>(StringComparer.Ordinal);
        CheckNames(nameof(source.InputNames), source.InputNames, "inputs", signature.Inputs);
        CheckNames(nameof(source.OutputNames), source.OutputNames, "outputs", signature.Outputs);
        WrapperTensor[] inputs = [.. signature.Inputs.Select((t, i) => Parse(t, source.InputNames.ElementAtOrDefault(i)
            ?? (source.TakesPixels && i == 0 && t.Type == ElementType.UInt8 ? "pixels" : t.Name), "Input"))];
        WrapperTensor[] outputs = [.. signature.Outputs.Select((t, i) =>
            Parse(t, source.OutputNames.ElementAtOrDefault(i) ?? t.Name, "Output"))];

        WrapperTensor? labelled = source.Labels is null ? null
            : outputs.FirstOrDefault(o => o.Type == "float" && o.Length == source.Labels.Count)
            ?? throw OptionDiagnostics.LabelCount.Error(null, source.LabelsFile, source.Labels.Count,
                string.Join(", ", outputs.Select(o => $"'{o.Tensor.Name}' {o.Tensor.Shape}")));
        return new(source, inputs, outputs, labelled)
        {
            States = [.. signature.States.Select(s => new WrapperState(
                Array.FindIndex(inputs, i => i.Tensor.Name == s.Input), Array.FindIndex(outputs, o => o.Tensor.Name == s.Output)))],
        };

        WrapperTensor Parse(TensorSignature tensor, string name, string prefix)
        {
            string pascal = CSharpNames.Pascal(name, prefix);
            bool isReserved = MemberNames.Contains(pascal) || Members(pascal).Contains(source.ClassName);
            string member = Unique(isReserved ? pascal + "Values" : pascal, members, Members);
            string parameter = CSharpNames.Camel(pascal);
            if (LocalNames.Contains(parameter)) parameter += "Values";
            return new(tensor, member, Unique(parameter, locals, n => [n, n + "Shape"]), TypeOf(tensor), LengthOf(tensor));
        }
    }

    private static void CheckNames(string option, IReadOnlyList<string> names, string what, IReadOnlyList<TensorSignature> tensors)
    {
        if (names.Count == 0) return;
        if (names.FirstOrDefault(n => !CSharpNames.IsIdentifier(n)) is { } invalid)
            throw OptionDiagnostics.InvalidIdentifier.Error(null, option, invalid, "name");
        string[] equal = [.. names.GroupBy(n => CSharpNames.Pascal(n, "")).Where(g => g.Count() > 1).SelectMany(g => g)];
        if (names.Count != tensors.Count || equal.Length > 0)
            throw OptionDiagnostics.NamesMisfit.Error(null, option, equal.Length > 0
                ? $"{string.Join(" and ", equal.Select(n => $"'{n}'"))} are one name"
                : $"{names.Count} names are given, and the model has {tensors.Count} {what}: "
                    + string.Join(", ", tensors.Select(t => $"'{t.Name}' {t.Shape}")));
    }

    /// <summary>The names of a tensor's members, in the class and in its Output.</summary>
    private static string[] Members(string name) => [name, name + "Length", name + "Shape"];

    private static string Unique(string name, HashSet<string> taken, Func<string, string[]> made)
    {
        string unique = name;
        for (int i = 2; made(unique).Any(taken.Contains); i++) unique = $"{name}_{i}";
        taken.UnionWith(made(unique));
        return unique;
    }

    private static long LengthOf(TensorSignature tensor)
    {
        if (tensor.Shape.Skip(1).Any(d => !d.IsKnown)) return 0;
        long length = 1;
        for (int i = 0; i < tensor.Shape.Rank; i++)
        {
            Dim dim = tensor.Shape[i];
            if (dim.IsKnown) length *= dim.Size;
            if (length is < 0 or > int.MaxValue) throw GraphDiagnostics.DynamicShape.Error(tensor.Name, tensor.Name, tensor.Shape);
        }

        return length;
    }

    private static string TypeOf(TensorSignature tensor) => tensor.Type switch
    {
        ElementType.Float32 => "float",
        ElementType.Float64 => "double",
        ElementType.Float16 => "global::System.Half",
        ElementType.UInt8 => "byte",
        ElementType.Int8 => "sbyte",
        ElementType.UInt16 => "ushort",
        ElementType.Int16 => "short",
        ElementType.UInt32 => "uint",
        ElementType.Int32 => "int",
        ElementType.UInt64 => "ulong",
        ElementType.Int64 => "long",
        ElementType.Bool => "bool",
        _ => throw GraphDiagnostics.TypeMismatch.Error(
            tensor.Name, $"inputs and outputs of type {tensor.Type} have no form in C#"),
    };
}
