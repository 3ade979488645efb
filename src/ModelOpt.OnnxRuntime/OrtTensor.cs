using System.Runtime.InteropServices;

namespace ModelOpt.OnnxRuntime;

/// <summary>A tensor in managed memory: element type, shape, and the elements in row-major order.</summary>
public sealed class OrtTensor
{
    private readonly long[] _shape;

    /// <summary>A tensor over these bytes, little-endian, which are not copied.</summary>
    /// <exception cref="ArgumentException">The bytes are not as many as type and shape ask for.</exception>
    /// <exception cref="NotSupportedException">Strings, and types that have no .NET type.</exception>
    public OrtTensor(OrtElementType type, ReadOnlySpan<long> shape, byte[] data)
    {
        ArgumentNullException.ThrowIfNull(data);
        long bytes = (long)OrtElementTypes.Count(shape) * type.Size();
        if (data.Length != bytes)
        {
            throw new ArgumentException(
                $"{type}[{string.Join(',', shape.ToArray())}] takes {bytes} bytes; {data.Length} were given.", nameof(data));
        }
        ElementType = type;
        _shape = shape.ToArray();
        Data = data;
    }

    /// <summary>A copy of these elements as a tensor.</summary>
    public static OrtTensor Create<T>(ReadOnlySpan<T> elements, params ReadOnlySpan<long> shape) where T : unmanaged =>
        new(OrtElementTypes.Of<T>(), shape, MemoryMarshal.AsBytes(elements).ToArray());

    /// <summary>A copy of these elements as a tensor.</summary>
    public static OrtTensor Create<T>(T[] elements, params ReadOnlySpan<long> shape) where T : unmanaged =>
        Create((ReadOnlySpan<T>)elements, shape);

    /// <summary>The type of each element.</summary>
    public OrtElementType ElementType { get; }

    /// <summary>The length of each dimension; empty for a scalar.</summary>
    public ReadOnlySpan<long> Shape => _shape;

    /// <summary>The elements, little-endian, row-major.</summary>
    public byte[] Data { get; }

    /// <summary>The elements.</summary>
    /// <exception cref="ArgumentException">T is not the .NET type of <see cref="ElementType"/>.</exception>
    public Span<T> Span<T>() where T : unmanaged
    {
        ElementType.Require<T>("The tensor");
        return MemoryMarshal.Cast<byte, T>(Data.AsSpan());
    }
}
