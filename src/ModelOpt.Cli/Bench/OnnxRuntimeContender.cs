using ModelOpt.Cli.Engines;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.OnnxRuntime;
using ModelOpt.Runtime;

namespace ModelOpt.Cli.Bench;

/// <summary>Microsoft's ONNX Runtime with all optimizations, as its users get it, and with buffers that stay.</summary>
internal sealed class OnnxRuntimeContender : IContender
{
    private readonly OrtSession session;
    private readonly OrtBinding binding;

    /// <summary>Loads a model and runs it once.</summary>
    /// <param name="model">The file, for diagnostics.</param>
    /// <param name="file">What the file holds.</param>
    /// <param name="threads">Threads that work on one run.</param>
    /// <param name="batch">Samples of a run.</param>
    /// <param name="like">The inputs of the same model in TFLite's form: they tell sizes that the file leaves open.</param>
    /// <exception cref="CompilationException">
    /// ONNX Runtime is absent or refuses the model, or its inputs are not those of the TFLite model.
    /// </exception>
    public OnnxRuntimeContender(string model, byte[] file, int threads, int batch, IReadOnlyList<TensorInfo> like)
    {
        session = OnnxRuntimeEngine.Guard(model, () => new OrtSession(file, Options(threads)));
        try
        {
            if (session.Inputs.Count != like.Count)
            {
                throw new CompilationException(EvaluationDiagnostics.OtherInputs.At(
                    model, null, $"{session.Inputs.Count} inputs against {like.Count}"));
            }

            Shapes = [.. session.Inputs.Select((input, i) => ShapeOf(model, input, like[i], batch))];
            binding = OnnxRuntimeEngine.Guard(model, () => session.Bind(Inputs(session, Shapes)));
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    public string Name => "ONNX Runtime";

    /// <summary>ONNX Runtime's version.</summary>
    public static string Version => OnnxRuntimeLibrary.Default.Version;

    /// <summary>The shape of each input.</summary>
    public IReadOnlyList<long[]> Shapes { get; }

    /// <summary>How sessions are made: what a user gets who asks for a number of threads.</summary>
    public static OrtSessionOptions Options(int threads) => new() { Threads = threads, AllowSpinning = true };

    /// <summary>Inputs of these shapes.</summary>
    public static Dictionary<string, OrtTensor> Inputs(OrtSession session, IReadOnlyList<long[]> shapes) =>
        session.Inputs.Select((input, i) => (input.Name, Tensor: Create(input, shapes[i])))
            .ToDictionary(pair => pair.Name, pair => pair.Tensor);

    public void Run() => binding.Run();

    public void Dispose()
    {
        binding.Dispose();
        session.Dispose();
    }

    /// <summary>The file's shape with its open sizes filled in: the batch, and sizes of the image.</summary>
    private static long[] ShapeOf(string model, OrtValueInfo input, TensorInfo like, int batch)
    {
        long[] shape = [.. input.Shape];
        int[] known = [.. like.Shape];
        // TFLite's images are NHWC, ONNX's mostly NCHW.
        if (shape.Length == 4 && known.Length == 4 && shape[1] == known[3]) known = [known[0], known[3], known[1], known[2]];
        for (int i = 0; i < shape.Length; i++)
        {
            if (shape[i] < 0) shape[i] = i == 0 ? batch : i < known.Length ? known[i] : 1;
        }

        long expected = (long)batch * like.ElementsPerSample;
        long elements = shape.Aggregate(1L, (product, size) => product * size);
        if (elements == expected) return shape;
        if (batch > 1 && elements * batch == expected)
            throw new CompilationException(EvaluationDiagnostics.FixedBatch.At(model, null, batch));
        throw new CompilationException(EvaluationDiagnostics.OtherInputs.At(
            model,
            null,
            $"'{input.Name}' [{string.Join(", ", input.Shape)}] against '{like.Name}' [{string.Join(", ", like.Shape)}]"));
    }

    private static OrtTensor Create(OrtValueInfo input, long[] shape)
    {
        int count = checked((int)shape.Aggregate(1L, (product, size) => product * size));
        return input.ElementType switch
        {
            OrtElementType.Float32 => OrtTensor.Create(BenchInput.Create<float>(count), shape),
            OrtElementType.UInt8 => OrtTensor.Create(BenchInput.Create<byte>(count), shape),
            OrtElementType.Int8 => OrtTensor.Create(BenchInput.Create<sbyte>(count), shape),
            OrtElementType.Int32 => OrtTensor.Create(new int[count], shape),
            OrtElementType.Int64 => OrtTensor.Create(new long[count], shape),
            OrtElementType.Bool => OrtTensor.Create(new bool[count], shape),
            OrtElementType type => throw new NotSupportedException($"inputs of type {type} are not measured."),
        };
    }
}
