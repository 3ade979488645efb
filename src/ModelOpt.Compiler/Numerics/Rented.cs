using System.Buffers;

namespace ModelOpt.Compiler.Numerics;

/// <summary>A buffer of floats that is used again after its scope; its elements are whatever was there.</summary>
internal readonly ref struct Rented
{
    private readonly float[] _array;
    private readonly int _length;

    /// <summary>Takes one.</summary>
    public Rented(int length) => (_array, _length) = (ArrayPool<float>.Shared.Rent(length), length);

    /// <summary>The elements.</summary>
    public Span<float> Span => _array.AsSpan(0, _length);

    public void Dispose() => ArrayPool<float>.Shared.Return(_array);
}
