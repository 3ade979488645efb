using System.Runtime.InteropServices;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.FlatBuffers;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Tflite;

/// <summary>
/// Writes one TFLite file. Field numbers follow TFLite's public schema. Small models are mostly structure, so equal constants, vectors
/// and options are written once: FlatBuffers allows several references to one place.
/// </summary>
internal sealed class TfliteFile
{
    private const int SchemaVersion = 3;
    private const int DataAlignment = 16;

    // StableHLOCompositeOptions among the second union of options.
    private const byte CompositeOptions = 21;

    private readonly FlatBufferBuilder _builder = new();
    private readonly Dictionary<ReadOnlyMemory<byte>, FlatOffset> _vectors = new(ContentComparer.Instance);
    private readonly Dictionary<IOperatorOptions, FlatOffset> _options = [];
    private readonly Dictionary<Quantization, FlatOffset> _grids = [];
    private readonly TfliteSubgraph[] _subgraphs;
    private readonly Dictionary<TfliteTensor, int> _index;

    /// <summary>Starts a file.</summary>
    /// <param name="subgraphs">The subgraphs; the first is the one that the caller runs.</param>
    public TfliteFile(TfliteSubgraph[] subgraphs)
    {
        _subgraphs = subgraphs;
        _index = subgraphs.SelectMany(s => s.Tensors.Select((t, i) => (t, i))).ToDictionary(p => p.t, p => p.i);
    }

    /// <summary>Writes the file.</summary>
    /// <exception cref="CompilationException">It would be larger than 2 GB.</exception>
    public byte[] Write()
    {
        (FlatOffset buffers, Dictionary<TfliteTensor, int> bufferOf) = WriteBuffers();
        (BuiltinOperator Type, int Version)[] codes = [.. _subgraphs.SelectMany(s => s.Operators).Select(Code).Distinct()];
        FlatOffset subgraphs = _builder.CreateVector(_subgraphs.Select(s => WriteSubgraph(s, bufferOf, codes)).ToArray());
        FlatOffset operatorCodes = _builder.CreateVector(codes.Select(c => WriteCode(c.Type, c.Version)).ToArray());
        FlatOffset description = _builder.CreateString("ModelOpt.Build");
        _builder.StartTable(8);
        _builder.Add(0, SchemaVersion);
        _builder.Add(1, operatorCodes);
        _builder.Add(2, subgraphs);
        _builder.Add(3, description);
        _builder.Add(4, buffers);
        return _builder.Finish(_builder.EndTable(), ModelTable.FileIdentifier);
    }

    private FlatOffset WriteSubgraph(
        TfliteSubgraph subgraph, Dictionary<TfliteTensor, int> bufferOf, (BuiltinOperator Type, int Version)[] codes)
    {
        // Only inputs and outputs declare open sizes: everything else follows.
        HashSet<TfliteTensor> seen = [.. subgraph.Inputs, .. subgraph.Outputs];
        FlatOffset all = _builder.CreateVector(
            subgraph.Tensors.Select(t => WriteTensor(t, bufferOf.GetValueOrDefault(t), seen.Contains(t))).ToArray());
        FlatOffset inputIndices = Vector<int>([.. subgraph.Inputs.Select(t => _index[t])]);
        FlatOffset outputIndices = Vector<int>([.. subgraph.Outputs.Select(t => _index[t])]);
        FlatOffset run = _builder.CreateVector(
            subgraph.Operators.Select(o => WriteOperator(o, Array.IndexOf(codes, Code(o)))).ToArray());
        _builder.StartTable(4);
        _builder.Add(0, all);
        _builder.Add(1, inputIndices);
        _builder.Add(2, outputIndices);
        _builder.Add(3, run);
        return _builder.EndTable();
    }

    private static (BuiltinOperator Type, int Version) Code(TfliteOperator op) =>
        op.Decomposition > 0 ? (BuiltinOperator.StablehloComposite, 1) : (op.Type, OperatorVersions.Of(op));

    private (FlatOffset Buffers, Dictionary<TfliteTensor, int> BufferOf) WriteBuffers()
    {
        TfliteTensor[] tensors = [.. _subgraphs.SelectMany(s => s.Tensors)];
        long total = tensors.Sum(t => (long)(t.Data?.Length ?? 0));
        if (total > int.MaxValue - (1 << 24)) throw EmitDiagnostics.TooLarge.Error(null, total);

        // Buffer 0 is the empty one, of everything that is computed.
        _builder.StartTable(1);
        List<FlatOffset> buffers = [_builder.EndTable()];
        Dictionary<ReadOnlyMemory<byte>, int> known = new(ContentComparer.Instance);
        Dictionary<TfliteTensor, int> bufferOf = [];
        foreach (TfliteTensor tensor in tensors)
        {
            if (tensor.Data is not { } data) continue;
            if (!known.TryGetValue(data, out int buffer))
            {
                FlatOffset bytes = _builder.CreateVector(data.Span, DataAlignment);
                _builder.StartTable(1);
                _builder.Add(0, bytes);
                buffer = buffers.Count;
                buffers.Add(_builder.EndTable());
                known.Add(data, buffer);
            }

            bufferOf.Add(tensor, buffer);
        }

        return (_builder.CreateVector(CollectionsMarshal.AsSpan(buffers)), bufferOf);
    }

    private FlatOffset WriteTensor(TfliteTensor tensor, int buffer, bool isSeen)
    {
        // Nobody looks a constant up by its name, and in a small model the names are a noticeable part.
        FlatOffset? name = tensor.Name.Length == 0 || tensor.Data is not null ? null : _builder.CreateString(tensor.Name);
        FlatOffset shape = Vector<int>(tensor.Example ?? Array.ConvertAll(tensor.Dims, size => size < 0 ? 1 : size));
        // Inside, the first dimension is taken to be the one that is open.
        FlatOffset? signature = tensor.IsComputed || tensor.OpenAxis >= (isSeen ? 0 : 1) ? Vector<int>(tensor.Signature) : null;
        FlatOffset? grid = tensor.Quantization is null ? null : Grid(tensor.Quantization);
        _builder.StartTable(9);
        _builder.Add(0, shape);
        _builder.Add(1, (byte)tensor.Type);
        _builder.Add(2, buffer);
        if (name is { } n) _builder.Add(3, n);
        if (grid is { } g) _builder.Add(4, g);
        if (signature is { } s) _builder.Add(7, s);
        _builder.Add(8, tensor.Rank == 0);
        return _builder.EndTable();
    }

    private FlatOffset Grid(Quantization quantization)
    {
        if (_grids.TryGetValue(quantization, out FlatOffset known)) return known;
        FlatOffset scales = Vector<float>([.. quantization.Scales]);
        FlatOffset zeroPoints = Vector<long>([.. quantization.ZeroPoints.Select(z => (long)z)]);
        _builder.StartTable(7);
        _builder.Add(2, scales);
        _builder.Add(3, zeroPoints);
        _builder.Add(6, Math.Max(0, quantization.Axis));
        return _grids[quantization] = _builder.EndTable();
    }

    private FlatOffset WriteOperator(TfliteOperator op, int code)
    {
        FlatOffset inputs = Vector<int>([.. op.Inputs.Select(t => t is null ? -1 : _index[t])]);
        FlatOffset outputs = Vector<int>([.. op.Outputs.Select(t => _index[t])]);
        FlatOffset written = default;
        if (op.Decomposition == 0 && op.Options is { } given && !_options.TryGetValue(given, out written))
        {
            written = op.IsCustom ? Vector(CustomOperators.Write(given)) : given.Write(_builder);
            _options.Add(given, written);
        }

        FlatOffset? composite = op.Decomposition > 0 ? WriteComposite(op) : null;
        _builder.StartTable(composite is not null ? 13 : op.IsCustom ? 6 : 5);
        _builder.Add(0, code);
        _builder.Add(1, inputs);
        _builder.Add(2, outputs);
        if (composite is { } table)
        {
            _builder.Add(11, CompositeOptions);
            _builder.Add(12, table);
        }
        else if (op.Options is not null && op.IsCustom)
        {
            _builder.Add(5, written);
        }
        else if (op.Options is not null)
        {
            _builder.Add(3, (byte)op.Options.Type);
            _builder.Add(4, written);
        }

        return _builder.EndTable();
    }

    /// <summary>The name of an operator that TFLite lacks, by which the runtime knows it, and the subgraph that computes it.</summary>
    private FlatOffset WriteComposite(TfliteOperator op)
    {
        FlatOffset name = _builder.CreateString(op.Type.CustomCode());
        FlatOffset attributes = Vector(CustomOperators.WriteComposite(op.Options));
        _builder.StartTable(3);
        _builder.Add(0, name);
        _builder.Add(1, op.Decomposition);
        _builder.Add(2, attributes);
        return _builder.EndTable();
    }

    private FlatOffset WriteCode(BuiltinOperator op, int version)
    {
        FlatOffset? name = op.IsCustom() ? _builder.CreateString(op.CustomCode()) : null;
        if (name is not null) op = BuiltinOperator.Custom;
        // Old readers know only the byte field, where 127 says that the number is in the other one.
        _builder.StartTable(4);
        _builder.Add(0, (byte)Math.Min((int)op, 127));
        if (name is { } n) _builder.Add(1, n);
        _builder.Add(2, version, defaultValue: 1);
        _builder.Add(3, (int)op);
        return _builder.EndTable();
    }

    /// <summary>A vector of numbers; the one written before where the same bytes of the same size of element were.</summary>
    private FlatOffset Vector<T>(T[] items) where T : unmanaged
    {
        byte[] key = [(byte)Marshal.SizeOf<T>(), .. MemoryMarshal.AsBytes<T>(items)];
        if (_vectors.TryGetValue(key, out FlatOffset known)) return known;
        FlatOffset vector = _builder.CreateVector<T>(items);
        _vectors.Add(key, vector);
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
