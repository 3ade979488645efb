using System.Runtime.InteropServices;

namespace ModelOpt.Compiler.Graphs;

/// <summary>Elements of one type in row-major order.</summary>
internal sealed class Tensor
{
    private readonly Memory<byte> _bytes;
    private readonly int[] _dims;

    /// <summary>Wraps bytes without copying them.</summary>
    /// <param name="type">The type of the elements, in little-endian form.</param>
    /// <param name="dims">The sizes, outermost first; empty for a scalar.</param>
    /// <param name="bytes">Exactly the elements' bytes.</param>
    /// <exception cref="ArgumentException">The length does not fit the shape.</exception>
    public Tensor(ElementType type, ReadOnlySpan<int> dims, Memory<byte> bytes)
    {
        long count = 1;
        foreach (int dim in dims) count = checked(count * dim);
        if (checked(count * type.Size()) != bytes.Length)
            throw new ArgumentException(
                $"{bytes.Length} bytes do not fill a tensor of {count} elements of {type}.", nameof(bytes));
        Type = type;
        _dims = dims.ToArray();
        _bytes = bytes;
        Count = (int)count;
    }

    /// <summary>The type of the elements.</summary>
    public ElementType Type { get; }

    /// <summary>The sizes, outermost first; empty for a scalar.</summary>
    public ReadOnlySpan<int> Dims => _dims;

    /// <summary>The number of dimensions.</summary>
    public int Rank => _dims.Length;

    /// <summary>The number of elements.</summary>
    public int Count { get; }

    /// <summary>The elements' bytes, little-endian.</summary>
    public Memory<byte> Bytes => _bytes;

    /// <summary>The shape, all sizes known.</summary>
    public Shape Shape => new(_dims);

    /// <summary>A tensor of zeros.</summary>
    public static Tensor Zeros(ElementType type, ReadOnlySpan<int> dims)
    {
        long count = type.Size();
        foreach (int dim in dims) count = checked(count * dim);
        return new Tensor(type, dims, new byte[checked((int)count)]);
    }

    /// <summary>A tensor with a copy of the given elements.</summary>
    /// <typeparam name="T">The elements' type.</typeparam>
    public static Tensor Of<T>(ReadOnlySpan<int> dims, ReadOnlySpan<T> elements) where T : unmanaged =>
        new(ElementTypes.Of<T>(), dims, MemoryMarshal.AsBytes(elements).ToArray());

    /// <summary>A tensor of rank 1 with a copy of the given elements.</summary>
    /// <typeparam name="T">The elements' type.</typeparam>
    public static Tensor Vector<T>(params ReadOnlySpan<T> elements) where T : unmanaged => Of([elements.Length], elements);

    /// <summary>A tensor of rank 0.</summary>
    /// <typeparam name="T">The element's type.</typeparam>
    public static Tensor Scalar<T>(T element) where T : unmanaged => Of([], [element]);

    /// <summary>The elements, to read or write. A constant of a <see cref="Graph"/> is replaced, not written to.</summary>
    /// <typeparam name="T">The .NET type of the elements (<see cref="byte"/> also for <see cref="ElementType.Bool"/>).</typeparam>
    /// <exception cref="InvalidOperationException">The tensor holds another type.</exception>
    public Span<T> Span<T>() where T : unmanaged
    {
        bool fits = ElementTypes.Of<T>() == Type
            || (Type == ElementType.Bool && typeof(T) == typeof(byte))
            || (Type == ElementType.BFloat16 && typeof(T) == typeof(ushort));
        return fits ? MemoryMarshal.Cast<byte, T>(_bytes.Span)
            : throw new InvalidOperationException($"A tensor of {Type} was read as {typeof(T)}.");
    }

    /// <summary>The same elements under another shape of the same count; the bytes are shared.</summary>
    public Tensor Reshape(ReadOnlySpan<int> newDims) => new(Type, newDims, _bytes);

    /// <summary>The elements as 64-bit integers, for axes, shapes and the like.</summary>
    /// <exception cref="InvalidOperationException">The elements are not 32- or 64-bit integers.</exception>
    public long[] ToInt64s()
    {
        if (Type == ElementType.Int64) return Span<long>().ToArray();
        return Array.ConvertAll(Span<int>().ToArray(), i => (long)i);
    }

    public override string ToString() => $"{Type}{Shape}";
}
