using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using ModelOpt.OnnxRuntime.Native;

namespace ModelOpt.OnnxRuntime;

/// <summary>A model loaded into ONNX Runtime. Runs may be made from many threads at once.</summary>
public sealed unsafe class OrtSession : IDisposable
{
    private readonly OrtApi _api;
    private readonly OrtHandle _cpuMemory;
    private readonly OrtHandle _session;
    private readonly Dictionary<string, PinnedName> _names = new(StringComparer.Ordinal);

    /// <summary>Loads a model from its bytes.</summary>
    /// <exception cref="OnnxRuntimeNotFoundException">ONNX Runtime is not on this machine.</exception>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime refuses the model.</exception>
    public OrtSession(ReadOnlySpan<byte> model, OrtSessionOptions? options = null)
        : this(OnnxRuntimeLibrary.Default, options, model, null)
    {
    }

    /// <summary>Loads a model from a file, with external data beside it.</summary>
    /// <exception cref="OnnxRuntimeNotFoundException">ONNX Runtime is not on this machine.</exception>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime refuses the model.</exception>
    public OrtSession(string path, OrtSessionOptions? options = null)
        : this(OnnxRuntimeLibrary.Default, options, [], path)
    {
    }

    private OrtSession(OnnxRuntimeLibrary library, OrtSessionOptions? options, ReadOnlySpan<byte> model, string? path)
    {
        _api = library.Api;
        _cpuMemory = library.CpuMemory;
        nint env = library.Env.DangerousGetHandle();
        nint native = _api.CreateSessionOptions(options ?? new OrtSessionOptions());
        try
        {
            _session = new OrtHandle(
                _api,
                OrtFunction.ReleaseSession,
                path is null ? _api.CreateSession(env, model, native) : _api.CreateSession(env, path, native));
        }
        finally
        {
            _api.Release(OrtFunction.ReleaseSessionOptions, native);
        }
        Inputs = Describe(
            OrtFunction.SessionGetInputCount, OrtFunction.SessionGetInputName, OrtFunction.SessionGetInputTypeInfo);
        Outputs = Describe(
            OrtFunction.SessionGetOutputCount, OrtFunction.SessionGetOutputName, OrtFunction.SessionGetOutputTypeInfo);
    }

    /// <summary>The model's inputs, in its order.</summary>
    public IReadOnlyList<OrtValueInfo> Inputs { get; }

    /// <summary>The model's outputs, in its order.</summary>
    public IReadOnlyList<OrtValueInfo> Outputs { get; }

    /// <summary>Runs the model.</summary>
    /// <param name="inputs">A tensor for each input, by name.</param>
    /// <param name="outputs">The names of the outputs wanted; all of them when none is given.</param>
    /// <returns>The outputs by name, in memory of their own.</returns>
    /// <exception cref="ArgumentException">A name is not one of the model's.</exception>
    /// <exception cref="OnnxRuntimeException">
    /// An input is missing or of the wrong type or shape, or an operator failed.
    /// </exception>
    /// <exception cref="NotSupportedException">An output is not a tensor of numbers.</exception>
    public IReadOnlyDictionary<string, OrtTensor> Run(
        IReadOnlyDictionary<string, OrtTensor> inputs, params ReadOnlySpan<string> outputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        string[] wanted = outputs.IsEmpty ? [.. Outputs.Select(output => output.Name)] : outputs.ToArray();
        nint[] outputNames = Array.ConvertAll(wanted, name => NameOf(name).Pointer);
        var inputNames = new List<nint>(inputs.Count);
        var inputValues = new List<nint>(inputs.Count);
        var outputValues = new nint[wanted.Length];
        var pins = new List<MemoryHandle>(inputs.Count);
        try
        {
            foreach ((string name, OrtTensor tensor) in inputs)
            {
                inputNames.Add(NameOf(name).Pointer);
                MemoryHandle pin = tensor.Data.AsMemory().Pin();
                pins.Add(pin);
                inputValues.Add(CreateValue((byte*)pin.Pointer, tensor.Data.Length, tensor.Shape, tensor.ElementType));
            }
            RunNative([.. inputNames], [.. inputValues], outputNames, outputValues);
            var results = new Dictionary<string, OrtTensor>(wanted.Length, StringComparer.Ordinal);
            for (int i = 0; i < wanted.Length; i++)
                results[wanted[i]] = Read(wanted[i], outputValues[i]);
            return results;
        }
        finally
        {
            foreach (nint value in inputValues.Concat(outputValues))
                _api.Release(OrtFunction.ReleaseValue, value);
            foreach (MemoryHandle pin in pins)
                pin.Dispose();
        }
    }

    /// <summary>
    /// Fixes the shapes of the inputs and gives inputs and outputs buffers that stay: each run then allocates nothing
    /// here. The outputs' shapes are found by running the model once.
    /// </summary>
    /// <param name="inputs">A tensor for each input, by name; its elements are copied into the buffer.</param>
    /// <exception cref="ArgumentException">A name is not one of the model's.</exception>
    /// <exception cref="OnnxRuntimeException">As for <see cref="Run"/>.</exception>
    /// <exception cref="NotSupportedException">As for <see cref="Run"/>.</exception>
    public OrtBinding Bind(IReadOnlyDictionary<string, OrtTensor> inputs) => new(this, inputs, Run(inputs));

    /// <summary>Unloads the model.</summary>
    public void Dispose() => _session.Dispose();

    internal OrtHandle CreateValue(PinnedBuffer buffer) => new(
        _api, OrtFunction.ReleaseValue, CreateValue(buffer.Pointer, buffer.Length, buffer.Shape, buffer.ElementType));

    internal PinnedName NameOf(string name) => _names.TryGetValue(name, out PinnedName? pinned) ? pinned
        : throw new ArgumentException(
            $"There is no input or output '{name}'; there is {string.Join(", ", _names.Keys.Select(key => $"'{key}'"))}.");

    internal void RunNative(
        ReadOnlySpan<nint> inputNames, ReadOnlySpan<nint> inputs, ReadOnlySpan<nint> outputNames, Span<nint> outputs)
    {
        bool held = false;
        try
        {
            _session.DangerousAddRef(ref held);
            _api.Run(_session.DangerousGetHandle(), inputNames, inputs, outputNames, outputs);
        }
        finally
        {
            if (held)
                _session.DangerousRelease();
            GC.KeepAlive(this);
        }
    }

    private nint CreateValue(byte* data, int bytes, ReadOnlySpan<long> shape, OrtElementType type)
    {
        // An empty tensor has no memory, yet ONNX Runtime wants an address; it reads nothing there.
        byte nothing;
        return _api.CreateTensor(_cpuMemory.DangerousGetHandle(), bytes == 0 ? &nothing : data, bytes, shape, type);
    }

    private OrtTensor Read(string name, nint value)
    {
        if (value == 0 || !_api.IsTensor(value))
            throw new NotSupportedException($"Output '{name}' is not a tensor.");
        nint info = _api.Get(OrtFunction.GetTensorTypeAndShape, value);
        try
        {
            (OrtElementType type, long[] shape) = _api.ReadTensorInfo(info);
            var data = new byte[checked(OrtElementTypes.Count(shape) * type.Size())];
            nint source = _api.Get(OrtFunction.GetTensorMutableData, value);
            new ReadOnlySpan<byte>((void*)source, data.Length).CopyTo(data);
            return new OrtTensor(type, shape, data);
        }
        finally
        {
            _api.Release(OrtFunction.ReleaseTensorTypeAndShapeInfo, info);
        }
    }

    private OrtValueInfo[] Describe(OrtFunction count, OrtFunction name, OrtFunction typeInfo)
    {
        nint session = _session.DangerousGetHandle();
        var infos = new OrtValueInfo[(int)_api.Get(count, session)];
        for (int i = 0; i < infos.Length; i++)
        {
            string valueName = _api.GetName(name, session, i);
            _names[valueName] = new PinnedName(valueName);
            nint info = _api.GetTypeInfo(typeInfo, session, i);
            try
            {
                nint tensor = _api.Get(OrtFunction.CastTypeInfoToTensorInfo, info);
                infos[i] = Describe(valueName, tensor);
            }
            finally
            {
                _api.Release(OrtFunction.ReleaseTypeInfo, info);
            }
        }
        return infos;
    }

    private OrtValueInfo Describe(string name, nint tensorInfo)
    {
        if (tensorInfo == 0)
            return new OrtValueInfo(name, OrtElementType.Undefined, [], []);
        (OrtElementType type, long[] shape) = _api.ReadTensorInfo(tensorInfo);
        return new OrtValueInfo(name, type, shape, _api.ReadSymbols(tensorInfo, shape.Length));
    }
}

/// <summary>A name as ONNX Runtime wants it, zero-terminated UTF-8 that does not move.</summary>
internal sealed unsafe class PinnedName
{
    private readonly byte[] _bytes;

    public PinnedName(string name)
    {
        _bytes = GC.AllocateArray<byte>(Encoding.UTF8.GetByteCount(name) + 1, pinned: true);
        Encoding.UTF8.GetBytes(name, _bytes);
    }

    public nint Pointer => (nint)Unsafe.AsPointer(ref _bytes[0]);
}
