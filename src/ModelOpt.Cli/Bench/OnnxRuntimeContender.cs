using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using ModelOpt.Cli.Engines;
using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Runtime;

namespace ModelOpt.Cli.Bench;

/// <summary>Microsoft's ONNX Runtime with all optimizations, as its users get it, and with buffers that stay.</summary>
internal sealed class OnnxRuntimeContender : IContender
{
    public const string EngineName = "ONNX Runtime";

    private readonly InferenceSession _session;
    private readonly RunOptions _options;
    private readonly OrtIoBinding _binding;
    private readonly List<IDisposable> _values = [];

    /// <summary>Loads a model and runs it once.</summary>
    /// <param name="like">The inputs of the same model in TFLite's form: they tell sizes that the file leaves open.</param>
    /// <exception cref="CompilationException">
    /// ONNX Runtime is absent or refuses the model, or its inputs are not those of the TFLite model.
    /// </exception>
    public OnnxRuntimeContender(string model, byte[] file, int threads, int batch, IReadOnlyList<TensorInfo> like)
    {
        _session = OnnxRuntimeEngine.Guard(model, () => Open(file, threads));
        _options = new RunOptions();
        try
        {
            if (_session.InputNames.Count != like.Count)
            {
                throw new CompilationException(EvaluationDiagnostics.OtherInputs.At(
                    model, null, $"{_session.InputNames.Count} inputs against {like.Count}"));
            }

            Shapes = [.. _session.InputNames.Select((name, i) => ShapeOf(model, name, _session.InputMetadata[name], like[i], batch))];
            _binding = OnnxRuntimeEngine.Guard(model, Bind);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Name => EngineName;

    /// <summary>The shape of each input.</summary>
    public IReadOnlyList<long[]> Shapes { get; }

    /// <summary>Loads a model as a user does who asks for a number of threads.</summary>
    public static InferenceSession Open(byte[] file, int threads)
    {
        using SessionOptions options = OnnxRuntimeLibrary.Options(threads, spinning: true);
        return new InferenceSession(file, options);
    }

    /// <summary>Inputs of these shapes, in the model's order.</summary>
    public static OrtValue[] Inputs(InferenceSession session, IReadOnlyList<long[]> shapes) =>
        [.. session.InputNames.Select((name, i) => Create(session.InputMetadata[name].ElementDataType, shapes[i]))];

    public void Run() => _session.RunWithBinding(_options, _binding);

    public void Dispose()
    {
        _binding?.Dispose();
        foreach (IDisposable value in _values) value.Dispose();
        _options.Dispose();
        _session.Dispose();
    }

    /// <summary>Runs once, and keeps inputs and outputs as the memory of all later runs.</summary>
    private OrtIoBinding Bind()
    {
        OrtValue[] inputs = Inputs(_session, Shapes);
        _values.AddRange(inputs);
        IDisposableReadOnlyCollection<OrtValue> outputs = _session.Run(_options, _session.InputNames, inputs, _session.OutputNames);
        _values.Add(outputs);
        OrtIoBinding bound = _session.CreateIoBinding();
        for (int i = 0; i < inputs.Length; i++) bound.BindInput(_session.InputNames[i], inputs[i]);
        for (int i = 0; i < outputs.Count; i++) bound.BindOutput(_session.OutputNames[i], outputs[i]);
        return bound;
    }

    /// <summary>The file's shape with its open sizes filled in: the batch, and sizes of the image.</summary>
    private static long[] ShapeOf(string model, string name, NodeMetadata input, TensorInfo like, int batch)
    {
        long[] shape = Array.ConvertAll(input.Dimensions, size => (long)size);
        int[] known = like.HasOpenSizes ? like.FileShape : [.. like.Shape];
        // TFLite's images are NHWC, ONNX's mostly NCHW.
        if (shape.Length == 4 && known.Length == 4 && shape[1] == known[3]) known = [known[0], known[3], known[1], known[2]];
        for (int i = 0; i < shape.Length; i++)
        {
            if (shape[i] < 0) shape[i] = i == 0 ? batch : i < known.Length ? known[i] : 1;
        }

        long expected = ModelOptContender.CountOf(like, batch);
        long elements = shape.Aggregate(1L, (product, size) => product * size);
        if (elements == expected) return shape;
        if (batch > 1 && elements * batch == expected)
            throw new CompilationException(EvaluationDiagnostics.FixedBatch.At(model, null, batch));
        throw new CompilationException(EvaluationDiagnostics.OtherInputs.At(
            model,
            null,
            $"'{name}' [{string.Join(", ", input.Dimensions)}] against '{like.Name}' [{string.Join(", ", like.Shape)}]"));
    }

    private static OrtValue Create(TensorElementType type, long[] shape)
    {
        int count = checked((int)shape.Aggregate(1L, (product, size) => product * size));
        return type switch
        {
            TensorElementType.Float => Create(BenchInput.Create<float>(count)),
            TensorElementType.UInt8 => Create(BenchInput.Create<byte>(count)),
            TensorElementType.Int8 => Create(BenchInput.Create<sbyte>(count)),
            TensorElementType.Int32 => Create(new int[count]),
            TensorElementType.Int64 => Create(new long[count]),
            TensorElementType.Bool => Create(new bool[count]),
            _ => throw new NotSupportedException($"inputs of type {type} are not measured."),
        };

        // Memory of ONNX Runtime's own is aligned as its kernels like it.
        OrtValue Create<T>(T[] elements)
            where T : unmanaged
        {
            OrtValue value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, type, shape);
            MemoryMarshal.AsBytes(elements.AsSpan()).CopyTo(value.GetTensorMutableRawData());
            return value;
        }
    }
}
