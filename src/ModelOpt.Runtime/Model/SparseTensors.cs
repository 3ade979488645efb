using System.Buffers.Binary;
using ModelOpt.Runtime.FlatBuffers;

namespace ModelOpt.Runtime.Model;

/// <summary>
/// The elements of a tensor that a file stores without most of its zeros. Axes are stored one inside the other; each has all positions,
/// or a list of those that there are. Blocks of elements are further axes.
/// </summary>
internal sealed class SparseTensors
{
    private readonly int[] _shape;
    private readonly int[] _axes;
    private readonly int[] _blocks;
    private readonly int[] _sizes;
    private readonly (int[] Segments, int[] Indices)?[] _lists;
    private readonly ReadOnlyMemory<byte> _stored;
    private readonly byte[] _dense;
    private readonly int _size;
    private readonly int[] _at;
    private long _steps;

    private SparseTensors(FlatTable table, int[] shape, int size, ReadOnlyMemory<byte> stored, int bytes)
    {
        (_shape, _size, _stored) = (shape, size, stored);
        _axes = table.Int32s(0).ToArray();
        _blocks = table.Int32s(1).ToArray();
        FlatTableVector levels = table.Tables(2);
        int rank = shape.Length, count = _axes.Length;
        bool fits = count == rank + _blocks.Length && count <= 2 * Tensor.MaxRank && levels.Count == count
            && Array.TrueForAll(_blocks, b => (uint)b < (uint)rank)
            && _axes.Order().SequenceEqual(Enumerable.Range(0, count));
        if (!fits) throw Damaged();
        _at = new int[count];
        _sizes = new int[count];
        _lists = new (int[], int[])?[count];
        for (int i = 0; i < count; i++)
        {
            FlatTable level = levels[i];
            if (level.Byte(0) == 0) _sizes[_axes[i]] = level.Int32(1);
            else _lists[i] = (Numbers(level, 2), Numbers(level, 4));
        }

        _dense = new byte[bytes];
        // What is visited follows what there is: every element once, and its rows.
        _steps = ((long)bytes / size * (count + 1)) + 1024;
    }

    /// <summary>Spreads the elements.</summary>
    /// <param name="table">The sparsity of the file.</param>
    /// <param name="size">Bytes of an element.</param>
    /// <param name="bytes">Bytes of the whole tensor, which the caller may allocate.</param>
    /// <exception cref="InvalidModelException">The parts contradict each other.</exception>
    public static byte[] Expand(FlatTable table, int[] shape, int size, ReadOnlyMemory<byte> stored, int bytes)
    {
        var tensor = new SparseTensors(table, shape, size, stored, bytes);
        tensor.Visit(0, 0);
        return tensor._dense;
    }

    private void Visit(int level, long position)
    {
        if (--_steps < 0) throw Damaged();
        if (level == _axes.Length)
        {
            Copy(position);
            return;
        }

        int axis = _axes[level];
        if (_lists[level] is not { } list)
        {
            for (int i = 0; i < _sizes[axis]; i++)
            {
                _at[axis] = i;
                Visit(level + 1, (position * _sizes[axis]) + i);
            }

            return;
        }

        if (position + 1 >= list.Segments.Length) throw Damaged();
        for (int i = list.Segments[position]; i < list.Segments[position + 1]; i++)
        {
            if ((uint)i >= (uint)list.Indices.Length) throw Damaged();
            _at[axis] = list.Indices[i];
            Visit(level + 1, i);
        }
    }

    private void Copy(long position)
    {
        long to = 0;
        for (int axis = 0; axis < _shape.Length; axis++)
        {
            long at = _at[axis];
            for (int b = 0; b < _blocks.Length; b++)
            {
                if (_blocks[b] == axis) at = (at * _sizes[_shape.Length + b]) + _at[_shape.Length + b];
            }

            if ((ulong)at >= (ulong)_shape[axis]) throw Damaged();
            to = (to * _shape[axis]) + at;
        }

        long from = position * _size;
        if (from < 0 || from + _size > _stored.Length) throw Damaged();
        _stored.Span.Slice((int)from, _size).CopyTo(_dense.AsSpan((int)(to * _size)));
    }

    // A union of vectors of int32, uint16 and uint8.
    private static int[] Numbers(FlatTable level, int id)
    {
        FlatTable vector = level.Table(id + 1);
        switch (level.Byte(id))
        {
            case 1: return vector.Int32s(0).ToArray();
            case 2:
                ReadOnlyMemory<byte> pairs = vector.Memory(0, sizeof(ushort));
                int[] shorts = new int[pairs.Length / sizeof(ushort)];
                for (int i = 0; i < shorts.Length; i++) shorts[i] = BinaryPrimitives.ReadUInt16LittleEndian(pairs.Span[(2 * i)..]);
                return shorts;
            case 3: return [.. vector.Memory(0).ToArray().Select(b => (int)b)];
            default: throw Damaged();
        }
    }

    private static InvalidModelException Damaged() => new("The file is damaged: the sparsity of a tensor does not fit it.");
}
