using System.Buffers.Binary;
using ModelOpt.Runtime;

namespace ModelOpt.Fuzz.Files;

/// <summary>Where the numbers of a TFLite file are: what damage has to hit to get past the reader.</summary>
internal sealed class TfliteSites
{
    // Tables of the schema by the fields that lead to other tables: what is not listed is a number or a vector of numbers.
    private static readonly Dictionary<string, (int Id, string Vector)[]> Tables = new()
    {
        ["model"] = [(1, "code"), (2, "graph"), (4, "buffer")],
        ["graph"] = [(0, "tensor"), (3, "operator")],
        ["tensor"] = [],
        ["operator"] = [],
        ["code"] = [],
        ["buffer"] = [],
        ["quantization"] = [],
        ["options"] = [],
    };

    private static readonly Dictionary<string, (int Id, string Table)[]> Nested = new()
    {
        ["tensor"] = [(4, "quantization")],
        ["operator"] = [(4, "options")],
    };

    private static readonly Dictionary<string, (int Id, int Size)[]> Vectors = new()
    {
        ["graph"] = [(1, 4), (2, 4)],
        ["tensor"] = [(0, 4), (7, 4)],
        ["operator"] = [(1, 4), (2, 4)],
        ["buffer"] = [(0, 1)],
        ["quantization"] = [(2, 4), (3, 8)],
        ["options"] = [(0, 4)],
    };

    private readonly byte[] _file;

    private TfliteSites(byte[] file) => _file = file;

    /// <summary>Numbers of 4 bytes: dimensions, indices, options, elements of vectors.</summary>
    public List<int> Words { get; } = [];

    /// <summary>The dimensions among them.</summary>
    public List<int> Dimensions { get; } = [];

    /// <summary>Numbers of a byte: types, kinds of padding, flags.</summary>
    public List<int> Bytes { get; } = [];

    /// <summary>Finds them, as far as the file can be followed.</summary>
    public static TfliteSites Of(byte[] file)
    {
        var sites = new TfliteSites(file);
        try
        {
            sites.Visit("model", sites.Follow(0), 0);
        }
        catch (Exception e) when (e is ArgumentException or IndexOutOfRangeException or InvalidModelException)
        {
            // Damage upon damage: what was found so far will do.
        }

        return sites;
    }

    private void Visit(string table, int position, int depth)
    {
        if (depth > 6 || Words.Count > 100_000) return;
        int vtable = position - Int32(position), fields = (UInt16(vtable) - 4) / 2;
        for (int id = 0; id < fields; id++)
        {
            int offset = UInt16(vtable + 4 + (2 * id));
            if (offset == 0) continue;
            int at = position + offset;
            if (Array.Find(Tables[table], t => t.Id == id && t.Vector is not null) is { Vector: { } element })
            {
                int vector = Follow(at), count = Int32(vector);
                for (int i = 0; i < Math.Min(count, 2000); i++) Visit(element, Follow(vector + 4 + (4 * i)), depth + 1);
            }
            else if (Nested.GetValueOrDefault(table) is { } nested && Array.Find(nested, t => t.Id == id) is { Table: { } inner })
            {
                Visit(inner, Follow(at), depth + 1);
            }
            else if (Vectors.GetValueOrDefault(table) is { } vectors && Array.Find(vectors, v => v.Id == id) is { Size: > 0 } vector
                && !IsScalar(table, at))
            {
                AddVector(table, id, Follow(at), vector.Size);
            }
            else
            {
                Bytes.Add(at);
                if (at + 4 <= _file.Length) Words.Add(at);
            }
        }
    }

    // Most options begin with a number, RESHAPE's and SQUEEZE's with a vector.
    private bool IsScalar(string table, int at)
    {
        if (table != "options") return false;
        long target = at + (long)(uint)Int32(at);
        return target > _file.Length - 4 || Int32((int)target) is < 0 or > 8;
    }

    private void AddVector(string table, int id, int vector, int size)
    {
        int count = Int32(vector);
        Words.Add(vector);
        for (int i = 0; i < Math.Min(count, 64); i++)
        {
            int at = vector + 4 + (size * i);
            if (at + Math.Max(size, 4) > _file.Length) return;
            if (size == 1) Bytes.Add(at);
            else Words.Add(at);
            if (table == "tensor" && id == 0) Dimensions.Add(at);
            if (size == 1 && i % 4 == 0 && i < 24) Words.Add(at);
        }
    }

    private int Follow(int at) => checked(at + Int32(at));

    private int Int32(int at) => BinaryPrimitives.ReadInt32LittleEndian(_file.AsSpan(at));

    private int UInt16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(_file.AsSpan(at));
}
