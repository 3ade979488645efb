using System.Runtime.InteropServices;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.FlatBuffers;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Emit.Tflite;

/// <summary>One operator of the TFLite file.</summary>
/// <param name="Type">What it computes.</param>
/// <param name="Inputs">Its inputs; null for an optional one that is left out.</param>
/// <param name="Outputs">Its outputs.</param>
/// <param name="Options">Its options; null where it has none.</param>
internal sealed record TfliteOperator(
    BuiltinOperator Type, TfliteTensor?[] Inputs, TfliteTensor[] Outputs, IOperatorOptions? Options);

/// <summary>
/// Collects operators and writes the file. Only tensors that an operator, an input or an output names are written; equal
/// constants share one buffer. Field numbers are those of TFLite's public schema.
/// </summary>
internal sealed class TfliteModelBuilder
{
    private const int SchemaVersion = 3;
    private const int DataAlignment = 16;

    private readonly List<TfliteOperator> operators = [];

    /// <summary>What the caller feeds, in order.</summary>
    public List<TfliteTensor> Inputs { get; } = [];

    /// <summary>What the caller gets, in order.</summary>
    public List<TfliteTensor> Outputs { get; } = [];

    /// <summary>The operators in the order in which they run.</summary>
    public IReadOnlyList<TfliteOperator> Operators => operators;

    /// <summary>Appends an operator.</summary>
    /// <param name="op">The operator; its inputs are produced before it.</param>
    public void Add(TfliteOperator op) => operators.Add(op);

    /// <summary>Writes the file.</summary>
    /// <exception cref="CompilationException">It would be larger than 2 GB.</exception>
    public byte[] Write()
    {
        DropUnread();
        List<TfliteTensor> tensors = [.. Inputs
            .Concat(operators.SelectMany(o => o.Inputs.OfType<TfliteTensor>().Concat(o.Outputs)))
            .Concat(Outputs).Distinct()];
        NameApart(tensors);
        Dictionary<TfliteTensor, int> index = tensors.Select((t, i) => (t, i)).ToDictionary(p => p.t, p => p.i);

        FlatBufferBuilder builder = new();
        (FlatOffset buffers, int[] bufferOf) = WriteBuffers(builder, tensors);
        (BuiltinOperator Type, int Version)[] codes = [.. operators.Select(Code).Distinct()];

        // Most zero points are zeros, 8 bytes a channel: equal vectors are written once.
        Dictionary<string, FlatOffset> zeroPoints = new(StringComparer.Ordinal);
        FlatOffset all = builder.CreateVector(
            tensors.Select((t, i) => WriteTensor(builder, t, bufferOf[i], zeroPoints)).ToArray());
        FlatOffset inputs = builder.CreateVector<int>(Inputs.Select(t => index[t]).ToArray());
        FlatOffset outputs = builder.CreateVector<int>(Outputs.Select(t => index[t]).ToArray());
        FlatOffset run = builder.CreateVector(
            operators.Select(o => WriteOperator(builder, o, index, Array.IndexOf(codes, Code(o)))).ToArray());
        FlatOffset name = builder.CreateString("main");
        builder.StartTable(5);
        builder.Add(0, all);
        builder.Add(1, inputs);
        builder.Add(2, outputs);
        builder.Add(3, run);
        builder.Add(4, name);
        FlatOffset subgraphs = builder.CreateVector([builder.EndTable()]);

        FlatOffset operatorCodes = builder.CreateVector(codes.Select(c => WriteCode(builder, c.Type, c.Version)).ToArray());
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

    /// <summary>Removes operators whose results nobody reads.</summary>
    private void DropUnread()
    {
        HashSet<TfliteTensor> read = [.. Outputs];
        for (int i = operators.Count - 1; i >= 0; i--)
        {
            if (operators[i].Outputs.Any(read.Contains)) read.UnionWith(operators[i].Inputs.OfType<TfliteTensor>());
            else operators.RemoveAt(i);
        }
    }

    private void NameApart(List<TfliteTensor> tensors)
    {
        // Inputs and outputs keep their names: callers find them by these.
        HashSet<string> taken = new(StringComparer.Ordinal);
        foreach (TfliteTensor tensor in Inputs.Concat(Outputs).Concat(tensors).Distinct())
        {
            string stem = tensor.Name;
            for (int i = 1; !taken.Add(tensor.Name); i++) tensor.Name = $"{stem}_{i}";
        }
    }

    private static (FlatOffset Buffers, int[] BufferOf) WriteBuffers(FlatBufferBuilder builder, List<TfliteTensor> tensors)
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

    private static FlatOffset WriteTensor(
        FlatBufferBuilder builder, TfliteTensor tensor, int buffer, Dictionary<string, FlatOffset> zeroPoints)
    {
        FlatOffset name = builder.CreateString(tensor.Name);
        FlatOffset shape = builder.CreateVector<int>(tensor.Dims);
        FlatOffset? signature = tensor.OpenAxis < 0 ? null : builder.CreateVector<int>(tensor.Signature);
        FlatOffset? grid = null;
        if (tensor.Quantization is { } quantization)
        {
            FlatOffset scales = builder.CreateVector<float>(quantization.Scales.ToArray());
            string key = string.Join(',', quantization.ZeroPoints);
            if (!zeroPoints.TryGetValue(key, out FlatOffset zeros))
            {
                zeros = builder.CreateVector<long>(quantization.ZeroPoints.Select(z => (long)z).ToArray());
                zeroPoints.Add(key, zeros);
            }

            builder.StartTable(7);
            builder.Add(2, scales);
            builder.Add(3, zeros);
            builder.Add(6, Math.Max(0, quantization.Axis));
            grid = builder.EndTable();
        }

        builder.StartTable(9);
        builder.Add(0, shape);
        builder.Add(1, (byte)tensor.Type);
        builder.Add(2, buffer);
        builder.Add(3, name);
        if (grid is { } g) builder.Add(4, g);
        if (signature is { } s) builder.Add(7, s);
        builder.Add(8, tensor.Rank == 0);
        return builder.EndTable();
    }

    private static FlatOffset WriteOperator(
        FlatBufferBuilder builder, TfliteOperator op, Dictionary<TfliteTensor, int> index, int code)
    {
        FlatOffset inputs = builder.CreateVector<int>(op.Inputs.Select(t => t is null ? -1 : index[t]).ToArray());
        FlatOffset outputs = builder.CreateVector<int>(op.Outputs.Select(t => index[t]).ToArray());
        FlatOffset? options = op.Options?.Write(builder);
        builder.StartTable(5);
        builder.Add(0, code);
        builder.Add(1, inputs);
        builder.Add(2, outputs);
        if (op.Options is not null)
        {
            builder.Add(3, (byte)op.Options.Type);
            builder.Add(4, options!.Value);
        }

        return builder.EndTable();
    }

    private static FlatOffset WriteCode(FlatBufferBuilder builder, BuiltinOperator op, int version)
    {
        // Old readers know only the byte field, where 127 says that the number is in the other one.
        builder.StartTable(4);
        builder.Add(0, (byte)Math.Min((int)op, 127));
        builder.Add(2, version, defaultValue: 1);
        builder.Add(3, (int)op);
        return builder.EndTable();
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
