using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelOpt.OnnxRuntime.Native;

namespace ModelOpt.OnnxRuntime;

/// <summary>
/// A session with buffers that stay: write the inputs, run, read the outputs. For one thread at a time; made by
/// <see cref="OrtSession.Bind"/>.
/// </summary>
public sealed class OrtBinding : IDisposable
{
    private readonly OrtSession _session;
    private readonly Dictionary<string, PinnedBuffer> _inputs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PinnedBuffer> _outputs = new(StringComparer.Ordinal);
    private readonly List<OrtHandle> _values = [];
    private readonly nint[] _inputNames;
    private readonly nint[] _inputValues;
    private readonly nint[] _outputNames;
    private readonly nint[] _outputValues;

    internal OrtBinding(
        OrtSession session,
        IReadOnlyDictionary<string, OrtTensor> inputs,
        IReadOnlyDictionary<string, OrtTensor> outputs)
    {
        _session = session;
        try
        {
            (_inputNames, _inputValues) = Bind(inputs, _inputs);
            (_outputNames, _outputValues) = Bind(outputs, _outputs);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The buffer of an input, to be written before <see cref="Run"/>.</summary>
    /// <exception cref="ArgumentException">There is no such input, or T is not its .NET type.</exception>
    public Span<T> Input<T>(string name) where T : unmanaged => Find(_inputs, name, "input").Span<T>(name);

    /// <summary>The buffer of an output, as the last <see cref="Run"/> left it.</summary>
    /// <exception cref="ArgumentException">There is no such output, or T is not its .NET type.</exception>
    public ReadOnlySpan<T> Output<T>(string name) where T : unmanaged => Find(_outputs, name, "output").Span<T>(name);

    /// <summary>Runs the model from the input buffers into the output buffers.</summary>
    /// <exception cref="OnnxRuntimeException">
    /// An operator failed, or an output came out in another shape than when bound.
    /// </exception>
    public void Run()
    {
        ObjectDisposedException.ThrowIf(_values.Count > 0 && _values[0].IsClosed, this);
        _session.RunNative(_inputNames, _inputValues, _outputNames, _outputValues);
        GC.KeepAlive(this);
    }

    /// <summary>Releases ONNX Runtime's view of the buffers.</summary>
    public void Dispose()
    {
        foreach (OrtHandle value in _values)
            value.Dispose();
    }

    private (nint[] Names, nint[] Values) Bind(
        IReadOnlyDictionary<string, OrtTensor> tensors, Dictionary<string, PinnedBuffer> buffers)
    {
        var names = new nint[tensors.Count];
        var values = new nint[tensors.Count];
        int i = 0;
        foreach ((string name, OrtTensor tensor) in tensors)
        {
            var buffer = new PinnedBuffer(tensor);
            OrtHandle value = _session.CreateValue(buffer);
            buffers.Add(name, buffer);
            _values.Add(value);
            names[i] = _session.NameOf(name).Pointer;
            values[i++] = value.DangerousGetHandle();
        }
        return (names, values);
    }

    private static PinnedBuffer Find(Dictionary<string, PinnedBuffer> buffers, string name, string kind) =>
        buffers.TryGetValue(name, out PinnedBuffer? buffer) ? buffer
        : throw new ArgumentException(
            $"There is no {kind} '{name}'; there is {string.Join(", ", buffers.Keys.Select(key => $"'{key}'"))}.");
}

/// <summary>A tensor's elements in memory that does not move, on a cache line's boundary.</summary>
internal sealed unsafe class PinnedBuffer
{
    private const int Alignment = 64;

    private readonly byte[] _memory;
    private readonly int _start;
    private readonly long[] _shape;

    public PinnedBuffer(OrtTensor tensor)
    {
        ElementType = tensor.ElementType;
        Length = tensor.Data.Length;
        _shape = tensor.Shape.ToArray();
        _memory = GC.AllocateArray<byte>(Length + Alignment, pinned: true);
        nint address = (nint)Unsafe.AsPointer(ref _memory[0]);
        _start = (int)(-address & (Alignment - 1));
        tensor.Data.CopyTo(_memory, _start);
    }

    public OrtElementType ElementType { get; }

    public int Length { get; }

    public ReadOnlySpan<long> Shape => _shape;

    public byte* Pointer => (byte*)Unsafe.AsPointer(ref _memory[_start]);

    public Span<T> Span<T>(string name) where T : unmanaged
    {
        ElementType.Require<T>(name);
        return MemoryMarshal.Cast<byte, T>(_memory.AsSpan(_start, Length));
    }
}
