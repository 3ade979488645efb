using System.Text.RegularExpressions;
using Google.Protobuf;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Fuzz.Graphs;

/// <summary>Compresses models, which the compiler takes from files.</summary>
internal sealed partial class Workbench : IDisposable
{
    private const string SelfCheckCodes = "MOPT56";
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);
    private readonly string _folder = Directory.CreateTempSubdirectory("modelopt-fuzz-").FullName;

    /// <summary>Compresses a model.</summary>
    /// <exception cref="FindingException">It is refused, or the compiler fails.</exception>
    public CompiledModel Compress(ModelProto model, Variant variant, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> samples)
    {
        string file = Path.Combine(_folder, "model.onnx"), recipe = Path.Combine(_folder, "recipe.json");
        File.WriteAllBytes(file, model.ToByteArray());
        File.WriteAllText(recipe, variant.ToJson());
        List<string> data = [];
        foreach (ValueInfoProto input in Samples.Fed(model))
        {
            data.Add(Path.Combine(_folder, $"x{data.Count}.npy"));
            File.WriteAllBytes(data[^1], Samples.ToNpy([.. samples.Select(s => s[input.Name])]));
        }

        Phases phases = new();
        using CancellationTokenSource timeout = new(Longest);
        try
        {
            CompileOptions options = new() { CalibrationData = data, Recipe = recipe };
            CompiledModel compiled = ModelCompiler.Compile(file, options, phases, phases, timeout.Token);
            return phases.Unverified is not { } warning ? compiled
                : throw new FindingException(new Finding(FindingKind.Wrong, $"self-check {warning.Descriptor.Code}", warning.Text));
        }
        catch (CompilationException e)
        {
            throw new FindingException(Classify(e, phases.Last));
        }
        catch (OperationCanceledException)
        {
            throw new FindingException(new Finding(FindingKind.Crash, "compile", $"takes longer than {Longest}"));
        }
        catch (Exception e) when (e is not FindingException)
        {
            throw new FindingException(new Finding(FindingKind.Crash, $"compile: {e.GetType().Name} in '{phases.Last}'", $"{e}"));
        }
    }

    // That much is lost is no fault by itself: the checks know how much rounding explains. Random weights fit no samples.
    private static readonly DiagnosticDescriptor[] NoFaults =
    [
        VerificationDiagnostics.MuchLost, VerificationDiagnostics.Accuracy, VerificationDiagnostics.Agreement,
        VerificationDiagnostics.LowAgreement, VerificationDiagnostics.StrangeInputs, VerificationDiagnostics.OneClass,
    ];

    /// <summary>Whether the compiler says that what it wrote is wrong or was not checked.</summary>
    public static bool IsUnverified(DiagnosticDescriptor descriptor) =>
        descriptor.Code.StartsWith(SelfCheckCodes, StringComparison.Ordinal) && !NoFaults.Contains(descriptor);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>A refusal while reading is none of ours; an exception dressed as one, or a refusal after calibration, is.</summary>
    private static Finding Classify(CompilationException e, string phase)
    {
        Diagnostic diagnostic = e.Diagnostic;
        string code = diagnostic.Descriptor.Code;
        if (code == GraphDiagnostics.InvalidGraph.Code)
            return new Finding(FindingKind.Crash, code, diagnostic.Text);
        if (IsUnverified(diagnostic.Descriptor))
            return new Finding(FindingKind.Wrong, $"self-check {code}", diagnostic.Text);
        if (e.InnerException is { } inner and not CompilationException)
            return new Finding(FindingKind.Crash, $"{code}: {inner.GetType().Name} in '{phase}'", $"{diagnostic.Text} {inner}");
        // What is said of options and data can only be told later; simplifying is a part of reading.
        bool isOfModel = code[4] is '1' or '2' or '5';
        FindingKind kind = isOfModel && phase is not ("" or "read" or "simplify") ? FindingKind.RefusedLate : FindingKind.Refused;
        return new Finding(kind, $"{code} {Stripped(diagnostic.Message)}", $"in '{phase}': {diagnostic.Text}");
    }

    /// <summary>A message without numbers and the names of nodes, so that it is the same for all nodes of an operator.</summary>
    private static string Stripped(string message) => Details().Replace(message, "");

    [GeneratedRegex(@"\d|\(?'\w*[a-z]\d+'[^;]*?\)|, '\w+'|\[[N0-9, ]*\]")]
    private static partial Regex Details();

    /// <summary>Remembers how far the compiler came.</summary>
    private sealed class Phases : IProgress<CompileProgress>, IDiagnosticSink
    {
        public string Last { get; private set; } = "";

        /// <summary>What kept the compiler from checking what it wrote.</summary>
        public Diagnostic? Unverified { get; private set; }

        public void Report(CompileProgress value) => Last = value.Phase;

        public void Report(Diagnostic diagnostic)
        {
            if (IsUnverified(diagnostic.Descriptor)) Unverified = diagnostic;
        }
    }
}
