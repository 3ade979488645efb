using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace ModelOpt.Runtime.FlatBuffers;

/// <summary>Place of a finished string, vector or table in a <see cref="FlatBufferBuilder"/>, counted from the file's end.</summary>
internal readonly record struct FlatOffset(int FromEnd);

/// <summary>
/// Writes FlatBuffers, back to front: a table's references are created before the table. The same calls give the same
/// bytes. Padding is zero and equal vtables are shared.
/// </summary>
internal sealed class FlatBufferBuilder
{
    private readonly List<int> _vtables = [];
    private byte[] _bytes = new byte[1024];
    private int _used;
    private int _alignment = 4;
    private int[]? _fields;
    private int _tableStart;

    public FlatOffset CreateString(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        Align(4, utf8.Length + 1);
        Reserve(1);
        Put(utf8);
        PutInt32(utf8.Length);
        return new FlatOffset(_used);
    }

    /// <summary>A vector of numbers or enums; <paramref name="alignment"/> is that of the first element.</summary>
    public FlatOffset CreateVector<T>(ReadOnlySpan<T> items, int alignment = 4)
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(items);
        int elementSize = System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        Align(Math.Max(4, Math.Max(alignment, elementSize)), bytes.Length);
        Put(bytes);
        PutInt32(items.Length);
        return new FlatOffset(_used);
    }

    /// <summary>A vector of tables or strings.</summary>
    public FlatOffset CreateVector(ReadOnlySpan<FlatOffset> items)
    {
        Align(4, 4 * items.Length);
        for (int i = items.Length - 1; i >= 0; i--)
            PutReference(items[i]);
        PutInt32(items.Length);
        return new FlatOffset(_used);
    }

    /// <summary>
    /// Starts a table whose schema declares at least <paramref name="fieldCount"/> fields (only those with lower ids may be added).
    /// </summary>
    public void StartTable(int fieldCount)
    {
        if (_fields is not null)
            throw new InvalidOperationException("Tables cannot be nested: create the inner one first.");
        _fields = new int[fieldCount];
        _tableStart = _used;
    }

    public void Add(int id, bool value)
    {
        if (value)
            Add(id, (byte)1);
    }

    public void Add(int id, byte value, byte defaultValue = 0)
    {
        if (value == defaultValue)
            return;
        Reserve(1)[0] = value;
        SetField(id);
    }

    public void Add(int id, int value, int defaultValue = 0)
    {
        if (value == defaultValue)
            return;
        Align(4, 0);
        PutInt32(value);
        SetField(id);
    }

    public void Add(int id, long value)
    {
        if (value == 0)
            return;
        Align(8, 0);
        BinaryPrimitives.WriteInt64LittleEndian(Reserve(8), value);
        SetField(id);
    }

    public void Add(int id, uint value) => Add(id, unchecked((int)value));

    public void Add(int id, float value)
    {
        if (BitConverter.SingleToInt32Bits(value) == 0)
            return;
        Align(4, 0);
        PutInt32(BitConverter.SingleToInt32Bits(value));
        SetField(id);
    }

    /// <summary>Adds a reference to something created before.</summary>
    public void Add(int id, FlatOffset target)
    {
        Align(4, 0);
        PutReference(target);
        SetField(id);
    }

    public FlatOffset EndTable()
    {
        int[] fields = _fields ?? throw new InvalidOperationException("No table was started.");
        Align(4, 0);
        PutInt32(0); // becomes the distance to the vtable
        int table = _used;
        int count = fields.Length;
        while (count > 0 && fields[count - 1] == 0)
            count--;
        Span<byte> vtable = new byte[4 + 2 * count];
        BinaryPrimitives.WriteUInt16LittleEndian(vtable, (ushort)vtable.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(vtable[2..], checked((ushort)(table - _tableStart)));
        for (int i = 0; i < count; i++)
            BinaryPrimitives.WriteUInt16LittleEndian(
                vtable[(4 + 2 * i)..],
                fields[i] == 0 ? (ushort)0 : checked((ushort)(table - fields[i])));
        int place = FindVTable(vtable);
        if (place == 0)
        {
            Put(vtable);
            place = _used;
            _vtables.Add(place);
        }
        BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(_bytes.Length - table), place - table);
        _fields = null;
        return new FlatOffset(table);
    }

    /// <summary>The finished file with <paramref name="root"/> as its root table.</summary>
    public byte[] Finish(FlatOffset root, string identifier)
    {
        Align(_alignment, 8);
        Put(Encoding.ASCII.GetBytes(identifier));
        PutReference(root);
        return _bytes.AsSpan(_bytes.Length - _used).ToArray();
    }

    private int FindVTable(ReadOnlySpan<byte> vtable)
    {
        foreach (int place in _vtables)
        {
            ReadOnlySpan<byte> at = _bytes.AsSpan(_bytes.Length - place);
            if (at.Length >= vtable.Length && at[..vtable.Length].SequenceEqual(vtable))
                return place;
        }
        return 0;
    }

    private void SetField(int id)
    {
        if (_fields is null)
            throw new InvalidOperationException("No table was started.");
        _fields[id] = _used;
    }

    private void PutReference(FlatOffset target)
    {
        if (target.FromEnd <= 0 || target.FromEnd > _used)
            throw new InvalidOperationException("The reference leads to nothing that was created.");
        PutInt32(_used + 4 - target.FromEnd);
    }

    private void PutInt32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Reserve(4), value);

    private void Put(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    // Pads so that what lies before `following` further bytes starts at a multiple of `alignment`.
    private void Align(int alignment, int following)
    {
        _alignment = Math.Max(_alignment, alignment);
        int padding = -(_used + following) & (alignment - 1);
        Reserve(padding);
    }

    private Span<byte> Reserve(int count)
    {
        if (_bytes.Length - _used < count)
        {
            long size = Math.Max(2L * _bytes.Length, (long)_used + count);
            if ((long)_used + count > Array.MaxLength)
                throw new InvalidOperationException("A FlatBuffers file is limited to 2 GB.");
            byte[] larger = new byte[(int)Math.Min(size, Array.MaxLength)];
            _bytes.AsSpan(_bytes.Length - _used).CopyTo(larger.AsSpan(larger.Length - _used));
            _bytes = larger;
        }
        _used += count;
        return _bytes.AsSpan(_bytes.Length - _used, count);
    }
}
