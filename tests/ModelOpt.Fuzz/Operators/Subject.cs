using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;
using ModelOpt.Runtime;
using Graph = ModelOpt.Compiler.Graphs.Graph;

namespace ModelOpt.Fuzz.Operators;

/// <summary>What became of a case in the project.</summary>
internal enum SubjectStatus
{
    /// <summary>It ran, in the interpreter and as TFLite.</summary>
    Ran,

    /// <summary>It was refused with a diagnostic when it was read.</summary>
    Refused,

    /// <summary>It was refused with a diagnostic, but later.</summary>
    RefusedLate,

    /// <summary>It ended in another exception.</summary>
    Crashed,
}

/// <summary>What the project made of a case.</summary>
/// <param name="Interpreted">The interpreter's outputs, where there are some.</param>
/// <param name="Run">The runtime's outputs, where there are some.</param>
/// <param name="Reason">The diagnostic or exception, without names; where it did not run.</param>
internal sealed record SubjectResult(SubjectStatus Status, Tensor[]? Interpreted, Tensor[]? Run, string Reason);

/// <summary>
/// Runs models as the project does: read, interpreted, compiled without quantization, run from the file that was written.
/// </summary>
internal static class Subject
{
    private static readonly CompileOptions Options = new() { Quantization = QuantizationMode.None };

    /// <summary>Runs a model.</summary>
    public static SubjectResult Run(byte[] model, IReadOnlyDictionary<string, Tensor> feeds)
    {
        string stage = "read";
        Tensor[]? interpreted = null;
        try
        {
            Graph defined = OnnxReader.Read(model);
            bool isOpen = OpenSizes.AreOpen(defined) || defined.Inputs.Exists(i => i.Shape is { IsBatchOpen: true });
            foreach (Value input in isOpen ? defined.Inputs : []) input.Shape = feeds[input.Name].Shape;
            ShapeInference.Run(defined, useStated: true);
            Graph graph = ModelCompiler.Read(model, "case.onnx", Options);
            var context = new PassContext(Options, new Recipe(), new DiagnosticList());
            PassPipeline.Simplify(graph, context);
            if (OpenBatch.Refusals(graph, context) is { Count: > 0 } refusals) throw Lowering.Refused(refusals);
            stage = "interpret";
            interpreted = new Interpreter(defined).Run([.. defined.Inputs.Select(i => feeds[i.Name])]);
            stage = "compile";
            byte[] tflite = Compile(graph, context);
            stage = "run";
            return new SubjectResult(SubjectStatus.Ran, interpreted, RunTflite(tflite, feeds, isOpen), "");
        }
        catch (CompilationException e)
        {
            SubjectStatus status = e.Diagnostic.Descriptor == GraphDiagnostics.InternalError ? SubjectStatus.Crashed
                : stage == "read" ? SubjectStatus.Refused : SubjectStatus.RefusedLate;
            string text = $"{e.Diagnostic.Descriptor.Code} {e.Diagnostic.Message}";
            return new SubjectResult(status, interpreted, null,
                e.InnerException is null ? text : $"{text} ({e.InnerException.GetType().Name})");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            string at = e.StackTrace?.Split('\n').FirstOrDefault(l => l.Contains("ModelOpt.", StringComparison.Ordinal))?.Trim() ?? "";
            return new SubjectResult(SubjectStatus.Crashed, interpreted, null, $"{stage}: {e.GetType().Name}: {e.Message} {at}");
        }
    }

    private static byte[] Compile(Graph graph, PassContext context)
    {
        PassPipeline.Compress(graph, context);
        GraphVerifier.Verify(graph, "all passes");
        return Lowering.Write(graph);
    }

    private static Tensor[] RunTflite(byte[] tflite, IReadOnlyDictionary<string, Tensor> feeds, bool isOpen)
    {
        using TfliteModel model = TfliteModel.Load(tflite, new RuntimeOptions { Threads = 1 });
        if (isOpen)
        {
            TensorInfo? closed = model.Inputs.FirstOrDefault(
                i => i.Shape.Zip(feeds[i.Name].Dims.ToArray()).Any(s => s.First > 0 && s.First != s.Second));
            if (closed is not null)
                throw GraphDiagnostics.DynamicShape.Error(null, closed.Name, "that takes one sample");
            using TfliteRun run = TfliteRun.Load(tflite);
            return run.Run([.. model.Inputs.Select(i => Casting.To(feeds[i.Name], TypeOf(i.ElementType)))]);
        }

        Session session = model.RentSession();
        for (int i = 0; i < model.Inputs.Count; i++)
        {
            Tensor feed = feeds[model.Inputs[i].Name];
            session.SetSample(i, Casting.To(feed, TypeOf(model.Inputs[i].ElementType)).Bytes.Span);
        }

        session.Run();
        session.RunLater();
        Tensor[] results = [.. model.Outputs.Select((output, i) =>
            new Tensor(TypeOf(output.ElementType), model.ShapeOf(i, 1, session.BatchOutputs), session.Result(i).ToArray()))];
        TfliteModel.Return(session);
        return results;
    }

    private static ElementType TypeOf(Type type) =>
        type == typeof(byte) ? ElementType.UInt8 : type == typeof(sbyte) ? ElementType.Int8
        : type == typeof(bool) ? ElementType.Bool : type == typeof(float) ? ElementType.Float32
        : type == typeof(Half) ? ElementType.Float16 : type == typeof(double) ? ElementType.Float64 : Enum.Parse<ElementType>(type.Name);
}
