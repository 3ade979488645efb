using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;
using ModelOpt.Runtime;
using ModelOpt.Runtime.Guarding;
using ModelOpt.Runtime.Kernels.Sampling;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;
using ModelOpt.Runtime.Threading;
using Graph = ModelOpt.Compiler.Graphs.Graph;
using ShapeInference = ModelOpt.Compiler.Operators.Contract.ShapeInference;

namespace ModelOpt.Fuzz.Files;

/// <summary>Reads a case as the project would, and runs it if it is a model.</summary>
internal sealed class CaseRunner : IDisposable, IDiagnosticSink
{
    // Reading may allocate so much, and so many times the file.
    private const long FixedBytes = 96 << 20, TimesFile = 600;
    private const int RunBytes = 1 << 24, RunWork = 1 << 24;

    private readonly string _folder = Directory.CreateTempSubdirectory("modelopt-fuzz").FullName;

    /// <summary>How many cases of each kind were read and run to the end; the others were refused.</summary>
    public Dictionary<FileKind, int> Accepted { get; } = [];

    /// <summary>What happened that must not; null for nothing.</summary>
    public string? Run(FileCase test)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        long ran = 0;
        try
        {
            ran = test.Kind switch
            {
                FileKind.Tflite or FileKind.Packed => RunModel(test.Bytes),
                FileKind.Onnx or FileKind.Source => Compile(test),
                FileKind.Fault => Fault(test.Bytes[0]),
                FileKind.Recipe => Read(test, path => Recipe.Read(path)),
                FileKind.Png => Read(test, ReadImages),
                _ => Read(test, ReadSamples),
            };
            Accepted[test.Kind] = Accepted.GetValueOrDefault(test.Kind) + 1;
        }
        catch (InvalidModelException) when (test.Kind is FileKind.Tflite or FileKind.Packed)
        {
        }
        catch (CompilationException e) when (test.Kind is not (FileKind.Tflite or FileKind.Packed)
            && !IsFault(e.Diagnostic.Descriptor))
        {
        }
#pragma warning disable CA1031 // Any other is a find.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return $"{e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")} {Place(e)}";
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before - ran;
        long most = FixedBytes + (TimesFile * test.Bytes.Length);
        return allocated <= most ? null : $"{allocated >> 20} MB allocated for a file of {test.Bytes.Length} bytes";
    }

    /// <inheritdoc/>
    public void Report(Diagnostic diagnostic)
    {
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // What the build's own check refuses was written wrong.
    private static bool IsFault(DiagnosticDescriptor descriptor) =>
        descriptor == OptionDiagnostics.Unexpected || descriptor == GraphDiagnostics.InternalError
        || descriptor.Code.StartsWith("MOPT56", StringComparison.Ordinal);

    // Returns what the run itself allocated, which follows the sizes that the file says.
    private static long RunModel(byte[] bytes)
    {
        using TfliteModel model = TfliteModel.Load(GuardPages.Enabled ? GuardPages.Copy(bytes) : bytes);
        long loaded = GC.GetAllocatedBytesForCurrentThread();
        ExecutionPlan plan = model.Plan;
        if (plan.ArenaBytes > RunBytes || plan.ScratchBytes > RunBytes || plan.Steps.Sum(s => s.Kernel.Work) > RunWork) return 0;
        if (plan.Inputs.Sum(input => (long)input.Length) > RunBytes) return 0;
        using var workers = new WorkerPool(1);
        Results(plan, workers, null, 0);
        byte[] results = Results(plan, workers, new Random(bytes.Length), 0x00),
            others = Results(plan, workers, new Random(bytes.Length), 0xA5);
        // What is drawn differs from run to run.
        if (!plan.Steps.Any(s => s.Kernel is RandomKernel) && !results.AsSpan().SequenceEqual(others))
            throw new InvalidOperationException("Results depend on what was in the memory before.");
        return GC.GetAllocatedBytesForCurrentThread() - loaded;
    }

    // Which of two NaN a sum has is the choice of .NET's compiler, and it may choose again.
    private static byte[] Comparable(TensorType type, byte[] output)
    {
        int size = type is TensorType.Float16 or TensorType.Float32 or TensorType.Float64 ? type.Size() : 0;
        for (int i = 0; size > 0 && i < output.Length; i += size)
        {
            Span<byte> element = output.AsSpan(i, size);
            bool isNaN = size == 2 ? Half.IsNaN(BitConverter.ToHalf(element)) : size == 4 ? float.IsNaN(BitConverter.ToSingle(element))
                : double.IsNaN(BitConverter.ToDouble(element));
            if (isNaN) element.Fill(0xFF);
        }

        return output;
    }

    // The outputs for random inputs, or for zeros; none where an index of GATHER or the like does not exist, or computed sizes do
    // not fit.
    private static byte[] Results(ExecutionPlan plan, WorkerPool workers, Random? random, byte fill)
    {
        GuardPages.Fill = fill;
        var session = new SessionPool(plan, workers).Rent();
        try
        {
            for (int i = 0; i < plan.Inputs.Length; i++)
            {
                byte[] values = new byte[plan.Inputs[i].Length];
                random?.NextBytes(values);
                session.SetSample(i, values);
            }

            session.Run();
            session.RunLater();
        }
        catch (ArgumentException e) when (e.Message.StartsWith("GATHER", StringComparison.Ordinal)
            || e.Message.StartsWith("SCATTER_ND", StringComparison.Ordinal)
            || e.Message.StartsWith("UNSORTED_SEGMENT_MAX", StringComparison.Ordinal)
            || e.Message.StartsWith("The inputs lead to sizes", StringComparison.Ordinal))
        {
            return [];
        }

        return [.. Enumerable.Range(0, plan.Results.Length).SelectMany(i =>
            Comparable(plan.Results[i].Type, session.Result(i).ToArray()))];
    }

    private static unsafe long Fault(byte kind)
    {
        if (kind == 1) throw new InvalidOperationException("as meant");
        if (kind == 2)
        {
            fixed (byte* start = GuardPages.Copy(new byte[5]).Span) return start[5];
        }

        if (kind == 3) Thread.Sleep(Timeout.Infinite);
        return 0;
    }

    private long Compile(FileCase test)
    {
        string path = Write($"model.{FileCase.Extension(test.Kind)}", test.Bytes);
        Graph graph = ModelReader.Read(test.Bytes, path);
        ShapeInference.Run(graph, useStated: true);
        long elements = graph.Values.Sum(v =>
            v.Shape is { } shape ? shape.Aggregate(1L, (a, d) => Math.Min(1L << 40, a * Math.Max(1, d.Size))) : 0);
        long read = GC.GetAllocatedBytesForCurrentThread();
        if (elements > 1 << 20) return 0;
        ModelCompiler.Compile(path, new CompileOptions(), this);
        return GC.GetAllocatedBytesForCurrentThread() - read;
    }

    private long Read(FileCase test, Action<string> read)
    {
        read(Write($"case.{FileCase.Extension(test.Kind)}", test.Bytes));
        return 0;
    }

    private static void ReadSamples(string path)
    {
        using (SampleSource source = SampleSource.Open(path))
        {
            source.Read(0);
            source.Read(source.Count - 1);
            source.Read(source.Count / 2);
        }

        try
        {
            LabelSource.Read(path);
        }
        catch (CompilationException)
        {
            // Few arrays are labels.
        }
    }

    private void ReadImages(string path)
    {
        string images = Directory.CreateDirectory(Path.Combine(_folder, "images")).FullName;
        File.Move(path, Path.Combine(images, "a.png"), overwrite: true);
        using SampleSource source = SampleSource.Open(images);
        source.Read(0);
    }

    private string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static string Place(Exception e) =>
        string.Join(" < ",
            (e.StackTrace ?? "").Split('\n').Select(line => line.Trim()).Where(line =>
                line.Contains("ModelOpt.", StringComparison.Ordinal)).Take(3)
            .Select(line => line[3..Math.Max(3, line.IndexOf('(', StringComparison.Ordinal))]));
}
