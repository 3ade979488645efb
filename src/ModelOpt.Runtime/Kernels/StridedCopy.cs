using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// Copies an N-dimensional box of elements from one strided place to another: transposing, slicing, splitting, concatenating, stacking
/// and padding use it. Dimensions contiguous in both places are merged; the two innermost that remain form a plane.
/// </summary>
internal sealed class StridedCopy
{
    private const int BlockLength = 256;

    private readonly int _elementSize;
    private readonly int _sourceStart;
    private readonly int _destinationStart;
    private readonly Extent[] _outer;
    private readonly Extent _inner;
    private readonly Extent _middle;

    /// <param name="elementSize">1, 2, 4 or 8 bytes. Starts and strides are in elements.</param>
    /// <param name="sizes">Size of the box in each dimension.</param>
    /// <param name="sourceStart">First element of the source.</param>
    /// <param name="sourceStrides">Strides of the source; may be negative.</param>
    /// <param name="destinationStart">First element of the destination.</param>
    /// <param name="destinationStrides">Strides of the destination.</param>
    public StridedCopy(
        int elementSize, int[] sizes, int sourceStart, int[] sourceStrides, int destinationStart, int[] destinationStrides)
    {
        _elementSize = elementSize;
        _sourceStart = sourceStart;
        _destinationStart = destinationStart;
        var merged = new Extent[Math.Max(2, sizes.Length)]; // innermost first
        int count = 0;
        Planes = 1;
        for (int i = sizes.Length - 1; i >= 0; i--)
        {
            if (sizes[i] == 0)
                Planes = 0;
            if (sizes[i] == 1)
                continue;
            if (count > 0 && merged[count - 1].IsContinuedBy(sourceStrides[i], destinationStrides[i]))
                merged[count - 1].Size *= sizes[i];
            else
                merged[count++] = new Extent(sizes[i], sourceStrides[i], destinationStrides[i]);
        }
        for (; count < 2; count++)
            merged[count] = new Extent(1, 1, 1);
        // What is contiguous in the source makes a transposed plane with what is contiguous in the destination.
        int contiguous = Array.FindIndex(merged, 1, count - 1, extent => extent.Source == 1);
        if (merged[0] is { Destination: 1, Source: not 1 } && contiguous > 1)
            (merged[1], merged[contiguous]) = (merged[contiguous], merged[1]);
        (_inner, _middle) = (merged[0], merged[1]);
        _outer = new Extent[count - 2];
        for (int i = 2; i < count; i++)
        {
            _outer[i - 2] = merged[i];
            Planes *= merged[i].Size;
        }
    }

    /// <summary>Number of boxes of the two innermost dimensions.</summary>
    public int Planes { get; }

    public long Elements => (long)Planes * _inner.Size * _middle.Size;

    /// <summary>Strides of a dense tensor.</summary>
    public static int[] DenseStrides(ReadOnlySpan<int> shape)
    {
        int[] strides = new int[shape.Length];
        int stride = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= shape[i];
        }
        return strides;
    }

    public void Run(ReadOnlySpan<byte> source, Span<byte> destination, int startPlane, int endPlane)
    {
        switch (_elementSize)
        {
            case 1:
                Run<byte>(source, destination, startPlane, endPlane);
                break;
            case 2:
                Run<ushort>(source, destination, startPlane, endPlane);
                break;
            case 4:
                Run<uint>(source, destination, startPlane, endPlane);
                break;
            default:
                Run<ulong>(source, destination, startPlane, endPlane);
                break;
        }
    }

    private void Run<T>(ReadOnlySpan<byte> source, Span<byte> destination, int startPlane, int endPlane)
        where T : unmanaged
    {
        ReadOnlySpan<T> x = MemoryMarshal.Cast<byte, T>(source);
        Span<T> y = MemoryMarshal.Cast<byte, T>(destination);
        for (int plane = startPlane; plane < endPlane; plane++)
        {
            int rest = plane, from = _sourceStart, to = _destinationStart;
            foreach (Extent extent in _outer)
            {
                int index = rest % extent.Size;
                rest /= extent.Size;
                from += index * extent.Source;
                to += index * extent.Destination;
            }
            CopyPlane(x, y, from, to);
        }
    }

    private unsafe void CopyPlane<T>(ReadOnlySpan<T> x, Span<T> y, int from, int to)
        where T : unmanaged
    {
        if (_inner is { Source: 1, Destination: 1 })
        {
            for (int i = 0; i < _middle.Size; i++)
                x.Slice(from + (i * _middle.Source), _inner.Size).CopyTo(y[(to + (i * _middle.Destination))..]);
            return;
        }

        if (sizeof(T) == sizeof(uint) && _inner is { Size: 3, Destination: 1 } && _middle is { Source: 1, Destination: 3 })
        {
            Interleave(MemoryMarshal.Cast<T, uint>(x)[from..], MemoryMarshal.Cast<T, uint>(y)[to..], _inner.Source, _middle.Size);
            return;
        }

        Extent rows = _inner.Destination == 1 ? _inner : _middle, columns = _inner.Destination == 1 ? _middle : _inner;
        if (rows.Destination == 1 && columns.Source == 1
            && PlaneTransposer.TryRun(x[from..], rows.Source, y[to..], columns.Destination, rows.Size, columns.Size))
        {
            return;
        }

        // The longer dimension is the inner loop, in blocks that keep the lines of both places in the cache.
        var (inner, outer) = _inner.Size >= _middle.Size ? (_inner, _middle) : (_middle, _inner);
        for (int first = 0; first < inner.Size; first += BlockLength)
        {
            int length = Math.Min(BlockLength, inner.Size - first);
            for (int i = 0; i < outer.Size; i++)
            {
                CopyRow(
                    x, y, from + (first * inner.Source) + (i * outer.Source), to + (first * inner.Destination) + (i * outer.Destination),
                    inner.Source, inner.Destination, length);
            }
        }
    }

    /// <summary>Three planes to pixels of three channels, as pictures come in.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Interleave(ReadOnlySpan<uint> source, Span<uint> destination, int plane, int length)
    {
        source = source[..((2 * plane) + length)];
        destination = destination[..(3 * length)];
        ref uint x = ref MemoryMarshal.GetReference(source), y = ref MemoryMarshal.GetReference(destination);
        Vector128<uint> first = Vector128.Create(~0u, 0, 0, ~0u), second = Vector128.Create(0, ~0u, 0, 0);
        nuint i = 0, gap = (nuint)plane;
        for (; i + 4 <= (nuint)length; i += 4)
        {
            Vector128<uint> a = Vector128.LoadUnsafe(ref x, i), b = Vector128.LoadUnsafe(ref x, i + gap),
                c = Vector128.LoadUnsafe(ref x, i + (2 * gap));
            a = Vector128.Shuffle(a, Vector128.Create(0u, 3, 2, 1));
            b = Vector128.Shuffle(b, Vector128.Create(1u, 0, 3, 2));
            c = Vector128.Shuffle(c, Vector128.Create(2u, 1, 0, 3));
            Vector128.ConditionalSelect(first, a, Vector128.ConditionalSelect(second, b, c)).StoreUnsafe(ref y, 3 * i);
            Vector128.ConditionalSelect(first, b, Vector128.ConditionalSelect(second, c, a)).StoreUnsafe(ref y, (3 * i) + 4);
            Vector128.ConditionalSelect(first, c, Vector128.ConditionalSelect(second, a, b)).StoreUnsafe(ref y, (3 * i) + 8);
        }

        for (; i < (nuint)length; i++)
        {
            Unsafe.Add(ref y, 3 * i) = Unsafe.Add(ref x, i);
            Unsafe.Add(ref y, (3 * i) + 1) = Unsafe.Add(ref x, i + gap);
            Unsafe.Add(ref y, (3 * i) + 2) = Unsafe.Add(ref x, i + (2 * gap));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyRow<T>(
        ReadOnlySpan<T> source, Span<T> destination, int from, int to, int sourceStep, int destinationStep, int length)
        where T : unmanaged
    {
        // Checks the ends; everything between follows.
        _ = source[from];
        _ = source[from + ((length - 1) * sourceStep)];
        _ = destination[to];
        _ = destination[to + ((length - 1) * destinationStep)];
        if (sourceStep == 2 && destinationStep == 1)
        {
            int done = EverySecond(source[from..], destination.Slice(to, length));
            (from, to, length) = (from + (2 * done), to + done, length - done);
        }

        ref T x = ref Unsafe.Add(ref MemoryMarshal.GetReference(source), from);
        ref T y = ref Unsafe.Add(ref MemoryMarshal.GetReference(destination), to);
        for (; length > 0; length--)
        {
            y = x;
            x = ref Unsafe.Add(ref x, sourceStep);
            y = ref Unsafe.Add(ref y, destinationStep);
        }
    }

    /// <summary>Copies every second element, vector by vector; returns how many.</summary>
    private static int EverySecond<T>(ReadOnlySpan<T> source, Span<T> destination)
        where T : unmanaged
    {
        int count = Vector128<T>.Count, i = 0;
        for (; 2 * (i + count) <= source.Length && i + count <= destination.Length; i += count)
        {
            Vector128<T> a = Vector128.Create(source.Slice(2 * i, count)), b = Vector128.Create(source.Slice((2 * i) + count, count));
            Vector128<T> even = Unsafe.SizeOf<T>() switch
            {
                1 => Vector128.Narrow(a.AsUInt16(), b.AsUInt16()).As<byte, T>(),
                2 => Vector128.Narrow(a.AsUInt32(), b.AsUInt32()).As<ushort, T>(),
                4 => Vector128.Narrow(a.AsUInt64(), b.AsUInt64()).As<uint, T>(),
                _ => Vector128.Create(a.AsUInt64()[0], b.AsUInt64()[0]).As<ulong, T>(),
            };
            even.CopyTo(destination[i..]);
        }

        return i;
    }

    /// <summary>A dimension of the box: its size, and its strides in both places.</summary>
    private struct Extent(int size, int source, int destination)
    {
        public readonly int Source = source;
        public readonly int Destination = destination;
        public int Size = size;

        /// <summary>Whether the next outer dimension, with these strides, continues where this one ends.</summary>
        public readonly bool IsContinuedBy(int source, int destination) => source == Size * Source && destination == Size * Destination;
    }
}
