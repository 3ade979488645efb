using System.Runtime.InteropServices;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.FlatBuffers;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>
/// Writes one TFLite file. Field numbers follow TFLite's public schema. Small models are mostly structure, so equal constants, vectors
/// and options are written once: FlatBuffers allows several references to one place.
/// </summary>
internal sealed class TfliteFile
{
    private const int SchemaVersion = 3;
    private const int DataAlignment = 16;

    private readonly FlatBufferBuilder builder = new();
    private readonly Dictionary<ReadOnlyMemory<byte>, FlatOffset> vectors = new(ContentComparer.Instance);
    private readonly Dictionary<IOperatorOptions, FlatOffset> options = [];
    private readonly Dictionary<Quantization, FlatOffset> grids = [];
    private readonly List<TfliteTensor> tensors;
    private readonly Dictionary<TfliteTensor, int> index;

    /// <summary>Starts a file.</summary>
    /// <param name="tensors">All tensors, each once.</param>
    public TfliteFile(List<TfliteTensor> tensors)
    {
        this.tensors = tensors;
        index = tensors.Select((t, i) => (t, i)).ToDictionary(p => p.t, p => p.i);
    }

    /// <summary>Writes the file.</summary>
    /// <param name="inputs">What the caller feeds.</param>
    /// <param name="outputs">What the caller gets.</param>
    /// <param name="operators">The operators in the order in which they run.</param>
    /// <exception cref="CompilationException">It would be larger than 2 GB.</exception>
    public byte[] Write(List<TfliteTensor> inputs, List<TfliteTensor> outputs, List<TfliteOperator> operators)
    {
        (FlatOffset buffers, int[] bufferOf) = WriteBuffers();
        (BuiltinOperator Type, int Version)[] codes = [.. operators.Select(Code).Distinct()];

        // Only inputs and outputs declare open sizes: everything else follows.
        HashSet<TfliteTensor> seen = [.. inputs, .. outputs];
        FlatOffset all = builder.CreateVector(
            tensors.Select((t, i) => WriteTensor(t, bufferOf[i], seen.Contains(t))).ToArray());
        FlatOffset inputIndices = Vector<int>([.. inputs.Select(t => index[t])]);
        FlatOffset outputIndices = Vector<int>([.. outputs.Select(t => index[t])]);
        FlatOffset run = builder.CreateVector(
            operators.Select(o => WriteOperator(o, Array.IndexOf(codes, Code(o)))).ToArray());
        builder.StartTable(4);
        builder.Add(0, all);
        builder.Add(1, inputIndices);
        builder.Add(2, outputIndices);
        builder.Add(3, run);
        FlatOffset subgraphs = builder.CreateVector([builder.EndTable()]);

        FlatOffset operatorCodes = builder.CreateVector(codes.Select(c => WriteCode(c.Type, c.Version)).ToArray());
        FlatOffset description = builder.CreateString("ModelOpt.Build");
        builder.StartTable(8);
        builder.Add(0, SchemaVersion);
        builder.Add(1, operatorCodes);
        builder.Add(2, subgraphs);
        builder.Add(3, description);
        builder.Add(4, buffers);
        return builder.Finish(builder.EndTable(), ModelTable.FileIdentifier);
    }

    private static (BuiltinOperator Type, int Version) Code(TfliteOperator op) => (op.Type, OperatorVersions.Of(op));

    private (FlatOffset Buffers, int[] BufferOf) WriteBuffers()
    {
        long total = tensors.Sum(t => (long)(t.Data?.Length ?? 0));
        if (total > int.MaxValue - (1 << 24)) throw EmitDiagnostics.TooLarge.Error(null, total);

        // Buffer 0 is the empty one, of everything that is computed.
        builder.StartTable(1);
        List<FlatOffset> buffers = [builder.EndTable()];
        Dictionary<ReadOnlyMemory<byte>, int> known = new(ContentComparer.Instance);
        int[] bufferOf = new int[tensors.Count];
        for (int i = 0; i < tensors.Count; i++)
        {
            if (tensors[i].Data is not { } data) continue;
            if (!known.TryGetValue(data, out bufferOf[i]))
            {
                FlatOffset bytes = builder.CreateVector(data.Span, DataAlignment);
                builder.StartTable(1);
                builder.Add(0, bytes);
                bufferOf[i] = buffers.Count;
                buffers.Add(builder.EndTable());
                known.Add(data, bufferOf[i]);
            }
        }

        return (builder.CreateVector(CollectionsMarshal.AsSpan(buffers)), bufferOf);
    }

    private FlatOffset WriteTensor(TfliteTensor tensor, int buffer, bool isSeen)
    {
        // Nobody looks a constant up by its name, and in a small model the names are a noticeable part.
        FlatOffset? name = tensor.Name.Length == 0 || tensor.Data is not null ? null : builder.CreateString(tensor.Name);
        FlatOffset shape = Vector<int>(tensor.Dims);
        FlatOffset? signature = isSeen && tensor.OpenAxis >= 0 ? Vector<int>(tensor.Signature) : null;
        FlatOffset? grid = tensor.Quantization is null ? null : Grid(tensor.Quantization);
        builder.StartTable(9);
        builder.Add(0, shape);
        builder.Add(1, (byte)tensor.Type);
        builder.Add(2, buffer);
        if (name is { } n) builder.Add(3, n);
        if (grid is { } g) builder.Add(4, g);
        if (signature is { } s) builder.Add(7, s);
        builder.Add(8, tensor.Rank == 0);
        return builder.EndTable();
    }

    private FlatOffset Grid(Quantization quantization)
    {
        if (grids.TryGetValue(quantization, out FlatOffset known)) return known;
        FlatOffset scales = Vector<float>([.. quantization.Scales]);
        FlatOffset zeroPoints = Vector<long>([.. quantization.ZeroPoints.Select(z => (long)z)]);
        builder.StartTable(7);
        builder.Add(2, scales);
        builder.Add(3, zeroPoints);
        builder.Add(6, Math.Max(0, quantization.Axis));
        return grids[quantization] = builder.EndTable();
    }

    private FlatOffset WriteOperator(TfliteOperator op, int code)
    {
        FlatOffset inputs = Vector<int>([.. op.Inputs.Select(t => t is null ? -1 : index[t])]);
        FlatOffset outputs = Vector<int>([.. op.Outputs.Select(t => index[t])]);
        FlatOffset written = default;
        if (op.Options is { } given && !options.TryGetValue(given, out written))
        {
            written = given.Write(builder);
            options.Add(given, written);
        }

        builder.StartTable(5);
        builder.Add(0, code);
        builder.Add(1, inputs);
        builder.Add(2, outputs);
        if (op.Options is not null)
        {
            builder.Add(3, (byte)op.Options.Type);
            builder.Add(4, written);
        }

        return builder.EndTable();
    }

    private FlatOffset WriteCode(BuiltinOperator op, int version)
    {
        // Old readers know only the byte field, where 127 says that the number is in the other one.
        builder.StartTable(4);
        builder.Add(0, (byte)Math.Min((int)op, 127));
        builder.Add(2, version, defaultValue: 1);
        builder.Add(3, (int)op);
        return builder.EndTable();
    }

    /// <summary>A vector of numbers; the one written before where the same bytes of the same size of element were.</summary>
    private FlatOffset Vector<T>(T[] items) where T : unmanaged
    {
        byte[] key = [(byte)Marshal.SizeOf<T>(), .. MemoryMarshal.AsBytes<T>(items)];
        if (vectors.TryGetValue(key, out FlatOffset known)) return known;
        FlatOffset vector = builder.CreateVector<T>(items);
        vectors.Add(key, vector);
        return vector;
    }

    private sealed class ContentComparer : IEqualityComparer<ReadOnlyMemory<byte>>
    {
        public static readonly ContentComparer Instance = new();

        public bool Equals(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y) => x.Span.SequenceEqual(y.Span);

        public int GetHashCode(ReadOnlyMemory<byte> data)
        {
            HashCode hash = default;
            hash.AddBytes(data.Span[..Math.Min(64, data.Length)]);
            hash.Add(data.Length);
            return hash.ToHashCode();
        }
    }
}
