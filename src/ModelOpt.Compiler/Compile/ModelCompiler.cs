using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Emit.Reports;
using ModelOpt.Compiler.Emit.Storage;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Images;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Training;
using ModelOpt.Runtime.Tflite;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Compile;

/// <summary>Compresses models: ONNX in; TFLite, QDQ ONNX and a report out.</summary>
internal static class ModelCompiler
{
    // Between its forks the compiler works on one thread for longer than it pays to wait.
    private const int Spins = 20;

    // A small model may grow a little, because of what a file has besides weights.
    private const long LeastGrowth = 4096;
    private const double GrowthShare = 0.05;

    /// <summary>Reads, simplifies, quantizes and writes a model.</summary>
    /// <param name="progress">Told how far the work is; may be null.</param>
    /// <exception cref="CompilationException">The model or its data cannot be compiled; the diagnostic says why.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was signalled.</exception>
    public static CompiledModel Compile(
        string modelFile,
        CompileOptions options,
        IDiagnosticSink diagnostics,
        IProgress<CompileProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        try
        {
            Recipe recipe = options.Recipe is null ? new Recipe() : Recipe.Read(options.Recipe);
            using ImageStore images = new();
            options = States.In(options, recipe) with { Images = images };
            var reported = new FileSink(diagnostics, modelFile);
            using WorkerPool pool = new(Environment.ProcessorCount, Spins);
            var context = new PassContext(options, recipe, reported, progress, cancellation) { Pool = pool };
            OptionChecks.CheckModel(context);
            Enter("read", context);
            byte[] onnx = OnnxFile.ReadAllBytes(modelFile);
            Graph graph = Read(onnx, modelFile, options, reported);

            Enter("simplify", context);
            IReadOnlyList<AppliedPass> simplified = PassPipeline.Simplify(graph, context);
            if (OpenBatch.Refusals(graph, context) is { Count: > 0 } refusals)
                throw Lowering.Refused(refusals);
            OptionChecks.CheckLayers(graph, context);
            Graph sized = graph.AtExample();
            OptionChecks.CheckData(sized, context);
            TrainingData.Check(sized, context.Options, context.Model);
            var report = new ReportBuilder(graph);
            Enter("compress", context);
            IReadOnlyList<AppliedPass> compressed = PassPipeline.Compress(graph, context);

            Enter("write", context);
            GraphVerifier.Verify(graph, "all passes");
            (byte[] tflite, IReadOnlyList<BuiltinOperator> custom) = Lowering.WriteAndList(graph, cancellation);
            ConstraintVerifier.Verify(graph, tflite);
            var files = new WrittenFiles(ModelPacker.Pack(tflite, context.Workers), OnnxWriter.Write(graph));
            Enter("verify", context);
            Graph read = Read(onnx, modelFile, options, foldsPairs: false);
            IReadOnlyList<OutputError> errors = SelfCheck.Run(graph, files, read, context);
            if (context.Reference is not null) InputCheck.Run(read, context);
            ClassAgreement? agreement = Agreement.Measure(graph, files, context);
            long original = onnx.LongLength + ModelReader.FilesBeside(onnx, modelFile).Sum(file => new FileInfo(file).Length);
            WarnOfGrowth(original, tflite.LongLength, graph, context);
            WarnOfCustomOperators(custom, context);
            string name = Path.GetFileNameWithoutExtension(modelFile);
            return new CompiledModel(tflite, files.Embedded, files.Onnx, report.Build(
                graph, new(name, original, tflite, files.Embedded.Length), simplified, compressed, reported.Diagnostics,
                context.Reference) with { OutputErrors = errors, Agreement = agreement });
        }
        catch (CompilationException e) when (e.Diagnostic.File is null)
        {
            throw e.InFile(modelFile);
        }
    }

    /// <summary>Reads the signature from an ONNX file; nothing is computed from its weights.</summary>
    /// <param name="options">The options the model is compiled with; <see cref="CompileOptions.InputType"/> changes it.</param>
    /// <exception cref="CompilationException">The file is not a model.</exception>
    public static ModelSignature ReadSignature(string modelFile, CompileOptions options)
    {
        try
        {
            if (options.Recipe is not null) options = States.In(options, Recipe.Read(options.Recipe));
            Graph graph = Read(OnnxFile.ReadAllBytes(modelFile), modelFile, options);
            if (options.InputType == ElementType.UInt8) ImageInput.Prepend(graph, options);
            return ModelSignature.Of(graph);
        }
        catch (CompilationException e) when (e.Diagnostic.File is null)
        {
            throw e.InFile(modelFile);
        }
    }

    /// <summary>Reads a model, all types and shapes inferred.</summary>
    /// <param name="onnx">The file's bytes.</param>
    /// <param name="options">The options that name the data from which open sizes are taken.</param>
    /// <param name="diagnostics">Takes notes; may be null.</param>
    /// <param name="foldsPairs">Whether QDQ pairs become annotations; otherwise they stay nodes.</param>
    /// <exception cref="CompilationException">It is not a model, or not one that is supported.</exception>
    internal static Graph Read(
        byte[] onnx, string? modelFile, CompileOptions options, IDiagnosticSink? diagnostics = null, bool foldsPairs = true)
    {
        Graph graph = ModelReader.Read(onnx, modelFile, foldsPairs);
        foreach (Diagnostic remark in graph.Remarks) diagnostics?.Report(remark);
        InputShapes.Fix(graph, options);
        InputValues.Fix(graph, options);
        FittingBranches.Choose(graph, diagnostics);
        States.Find(graph, options);
        OpenSizes.Find(graph, options);
        SizedBranches.Choose(graph, diagnostics);
        OpenBatch.Close(graph, diagnostics);
        OpenSizes.Infer(graph);
        States.Check(graph);
        return graph;
    }

    private static void WarnOfCustomOperators(IReadOnlyList<BuiltinOperator> custom, PassContext context)
    {
        if (custom.Count == 0) return;
        IEnumerable<string> names = custom.GroupBy(o => o.CustomCode(), StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => g.Count() == 1 ? g.Key : $"{g.Count()} {g.Key}");
        context.Diagnostics.Report(EmitDiagnostics.CustomOperator.At(null, null, string.Join(", ", names)));
    }

    private static void WarnOfGrowth(long onnx, long tflite, Graph graph, PassContext context)
    {
        if (tflite < onnx + LeastGrowth || tflite < onnx * (1 + GrowthShare)) return;
        bool isWider = graph.Inputs.Concat(graph.Outputs).Any(v => graph.DeclaredType(v) == ElementType.Float16);
        context.Diagnostics.Report(EmitDiagnostics.Larger.At(null, null, tflite, onnx, isWider
            ? "numbers that are float16 in the model are float32 in the file"
            : "its structure, or weights that are stored twice, take more than compression saved"));
    }

    private static void Enter(string phase, PassContext context)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        context.Progress?.Report(new CompileProgress(phase, 0, 0));
    }

    /// <summary>Fills in the model's file where a diagnostic names none, and keeps a list for the report.</summary>
    private sealed class FileSink(IDiagnosticSink sink, string file) : IDiagnosticSink
    {
        public List<Diagnostic> Diagnostics { get; } = [];

        public void Report(Diagnostic diagnostic)
        {
            Diagnostics.Add(diagnostic);
            sink.Report(diagnostic.File is null ? diagnostic with { File = file } : diagnostic);
        }
    }
}
