using System.Runtime.InteropServices;

namespace ModelOpt.Runtime.Kernels.Contract;

/// <summary>
/// Where a kernel finds an operand: bytes of the session's arena, a constant of the model, or an input where the caller has it.
/// <see cref="None"/> stands for an optional operand that is absent.
/// </summary>
internal readonly struct Operand
{
    private const int CallersMemory = -2;

    private readonly ReadOnlyMemory<byte> _constant;
    private readonly int _offset;
    private readonly int _length;

    private Operand(ReadOnlyMemory<byte> constant, int offset, int length)
    {
        _constant = constant;
        _offset = offset;
        _length = length;
    }

    public static Operand None => new(default, -1, 0);

    public static Operand Constant(ReadOnlyMemory<byte> data) => new(data, -1, data.Length);

    public static Operand OfCaller(int length) => new(default, CallersMemory, length);

    public static Operand InArena(int offset, int length) => new(default, offset, length);

    /// <summary>Offset in the arena; negative for other operands.</summary>
    public int ArenaOffset => _offset;

    public int Length => _length;

    public ReadOnlySpan<byte> Read(Span<byte> arena, ReadOnlySpan<byte> ofCaller = default) =>
        _offset >= 0 ? arena.Slice(_offset, _length) : _offset == CallersMemory ? ofCaller : _constant.Span;

    public Span<byte> Write(Span<byte> arena) => arena.Slice(_offset, _length);
}

/// <summary>Inputs, outputs and scratch memory of one kernel call.</summary>
internal readonly ref struct KernelArguments
{
    private readonly Operand[] _inputs;
    private readonly Operand[] _outputs;
    private readonly Span<byte> _arena;
    private readonly Span<byte> _scratch;
    private readonly ReadOnlySpan<byte> _ofCaller;

    public KernelArguments(
        Operand[] inputs, Operand[] outputs, Span<byte> arena, Span<byte> scratch, ReadOnlySpan<byte> ofCaller = default)
    {
        _ofCaller = ofCaller;
        _inputs = inputs;
        _outputs = outputs;
        _arena = arena;
        _scratch = scratch;
    }

    /// <summary>Input <paramref name="index"/> of the step; empty when absent. Constants need not be aligned.</summary>
    public ReadOnlySpan<T> Input<T>(int index)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(_inputs[index].Read(_arena, _ofCaller));

    /// <summary>Output <paramref name="index"/> of the step, 64-byte aligned.</summary>
    public Span<T> Output<T>(int index)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(_outputs[index].Write(_arena));

    /// <summary>Scratch memory of this call, at least <see cref="Kernel.ScratchBytes"/> long, 64-byte aligned.</summary>
    public Span<T> Scratch<T>()
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(_scratch);
}
