using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime;

namespace ModelOpt.Compiler.Compile;

/// <summary>A written file in the runtime, loaded and run as applications do.</summary>
internal sealed class TfliteRun : IDisposable
{
    private readonly byte[]? _again;
    private TfliteModel _model;

    private TfliteRun(TfliteModel model, byte[]? again) => (_model, _again) = (model, again);

    /// <summary>Loads a file.</summary>
    /// <param name="file">A TFLite file, packed or not.</param>
    /// <param name="restarts">Whether every run is the first: it draws the random numbers that the interpreter does.</param>
    /// <exception cref="CompilationException">The runtime refuses it.</exception>
    public static TfliteRun Load(byte[] file, bool restarts = false)
    {
        try
        {
            return new TfliteRun(TfliteModel.Load(file), restarts ? file : null);
        }
        catch (InvalidModelException e)
        {
            throw new CompilationException(VerificationDiagnostics.NotLoadable.At(null, null, e.Message), e);
        }
    }

    /// <summary>Runs one sample.</summary>
    /// <param name="inputs">A tensor for each input, of the file's types.</param>
    /// <returns>A tensor for each output, an open batch being 1.</returns>
    /// <exception cref="CompilationException">The runtime does not take the inputs.</exception>
    public Tensor[] Run(IReadOnlyList<Tensor> inputs)
    {
        if (_again is not null)
        {
            _model.Dispose();
            _model = TfliteModel.Load(_again);
        }

        using ModelCall call = Begin(inputs);
        try
        {
            for (int i = 0; i < inputs.Count; i++) Set(call, i, inputs[i]);
            call.Run();
        }
        catch (ArgumentException e)
        {
            throw new CompilationException(VerificationDiagnostics.NotRunnable.At(null, null, e.Message), e);
        }

        var outputs = new Tensor[_model.Outputs.Count];
        for (int i = 0; i < outputs.Length; i++) outputs[i] = Get(call, i, _model.Outputs[i]);
        return outputs;
    }

    public void Dispose() => _model.Dispose();

    private ModelCall Begin(IReadOnlyList<Tensor> inputs)
    {
        if (!_model.HasOpenSizes && !_model.HasDynamicBatch) return _model.Begin();
        try
        {
            return _model.Begin([.. inputs.SelectMany(i => i.Dims.ToArray())]);
        }
        catch (ArgumentException e)
        {
            throw new CompilationException(VerificationDiagnostics.NotRunnable.At(null, null, e.Message), e);
        }
    }

    private static void Set(ModelCall call, int index, Tensor tensor)
    {
        switch (tensor.Type)
        {
            case ElementType.Float32: call.SetInput<float>(index, tensor.Span<float>()); break;
            case ElementType.Float16: call.SetInput<Half>(index, tensor.Span<Half>()); break;
            case ElementType.Float64: call.SetInput<double>(index, tensor.Span<double>()); break;
            case ElementType.Int8: call.SetInput<sbyte>(index, tensor.Span<sbyte>()); break;
            case ElementType.UInt8: call.SetInput<byte>(index, tensor.Span<byte>()); break;
            case ElementType.Int16: call.SetInput<short>(index, tensor.Span<short>()); break;
            case ElementType.UInt16: call.SetInput<ushort>(index, tensor.Span<ushort>()); break;
            case ElementType.Int32: call.SetInput<int>(index, tensor.Span<int>()); break;
            case ElementType.UInt32: call.SetInput<uint>(index, tensor.Span<uint>()); break;
            case ElementType.Int64: call.SetInput<long>(index, tensor.Span<long>()); break;
            case ElementType.UInt64: call.SetInput<ulong>(index, tensor.Span<ulong>()); break;
            case ElementType.Bool: call.SetInput<bool>(index, tensor.Span<bool>()); break;
            default: throw new NotSupportedException($"Inputs of {tensor.Type}.");
        }
    }

    private static Tensor Get(ModelCall call, int index, TensorInfo info)
    {
        int[] dims = call.GetOutputShape(index).ToArray();
        return info.ElementType switch
        {
            var t when t == typeof(float) => Get<float>(call, index, dims),
            var t when t == typeof(Half) => Get<Half>(call, index, dims),
            var t when t == typeof(double) => Get<double>(call, index, dims),
            var t when t == typeof(sbyte) => Get<sbyte>(call, index, dims),
            var t when t == typeof(byte) => Get<byte>(call, index, dims),
            var t when t == typeof(short) => Get<short>(call, index, dims),
            var t when t == typeof(ushort) => Get<ushort>(call, index, dims),
            var t when t == typeof(int) => Get<int>(call, index, dims),
            var t when t == typeof(uint) => Get<uint>(call, index, dims),
            var t when t == typeof(long) => Get<long>(call, index, dims),
            var t when t == typeof(ulong) => Get<ulong>(call, index, dims),
            var t when t == typeof(bool) => Get<bool>(call, index, dims),
            var t => throw new NotSupportedException($"Outputs of {t}."),
        };
    }

    private static Tensor Get<T>(ModelCall call, int index, int[] dims) where T : unmanaged
    {
        Tensor tensor = Tensor.Zeros(Graphs.ElementTypes.Of<T>(), dims);
        call.GetOutput(index, tensor.Span<T>());
        return tensor;
    }
}
