using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Compile;

/// <summary>
/// What a file computes inside, as real numbers: every value that it stores as integers, and floats as far as they fit into memory,
/// small ones first. All of them at once may be far larger than the memory of a run, so of a large model each run gives some, those that
/// are asked for next.
/// </summary>
internal sealed class StoredValues : IDisposable
{
    // A part is at least as large; above that, there are at most so many parts, each of which costs a run.
    private const long LeastBytes = 32 << 20;
    private const int MostParts = 8;
    // A float that is not seen differs no more than its readers do, within rounding: it is found out by them. Integers are not, as ties
    // that fall to other sides add up.
    private const long MostBytesOfFloats = 2 * LeastBytes;
    // Where parts are asked for back and forth, all are kept instead.
    private const int MostRunsOfPart = 4;

    private readonly Graph _graph;
    private readonly CancellationToken _cancellation;
    private readonly bool _draws;
    private readonly List<IReadOnlyList<Value>> _parts = [];
    private readonly Dictionary<string, int> _partOf = new(StringComparer.Ordinal);
    private readonly Dictionary<int, Dictionary<string, Tensor>> _kept = [];
    private TfliteRun? _whole;
    private Tensor[]? _sample;
    private int _runs;

    /// <summary>Prepares a graph, which must not change.</summary>
    /// <param name="graph">The graph that a file is written from.</param>
    public StoredValues(Graph graph, CancellationToken cancellation)
        : this(graph, LeastBytes, MostBytesOfFloats, cancellation)
    {
    }

    /// <summary>Prepares a graph, which must not change.</summary>
    /// <param name="graph">The graph that a file is written from.</param>
    /// <param name="leastBytes">Bytes of values that are taken together whatever they take of the whole.</param>
    /// <param name="mostBytesOfFloats">At most how many bytes of floats are computed.</param>
    public StoredValues(Graph graph, long leastBytes, long mostBytesOfFloats, CancellationToken cancellation)
    {
        (_graph, _cancellation) = (graph, cancellation);
        _draws = graph.AllNodes.Any(Operator.IsRandom);
        (byte[] file, All) = Lowering.WriteExposed(graph, cancellation: cancellation);
        Value[] every = [.. All.Skip(graph.Outputs.Count)], inside = Fitting(every, mostBytesOfFloats);
        All = [.. graph.Outputs, .. inside];
        long most = Math.Max(leastBytes, inside.Sum(Bytes) / MostParts), bytes = 0;
        List<Value> part = [];
        foreach (Value value in inside)
        {
            if (part.Count > 0 && bytes + Bytes(value) > most)
            {
                _parts.Add(part);
                (part, bytes) = ([], 0);
            }

            part.Add(value);
            bytes += Bytes(value);
            _partOf[value.Name] = _parts.Count;
        }

        _parts.Add(part);
        if (_parts.Count > 1) return;
        if (inside.Length < every.Length) file = Lowering.WriteExposed(graph, v => _partOf.ContainsKey(v.Name), cancellation).File;
        _whole = TfliteRun.Load(file, _draws);
    }

    /// <summary>The graph's outputs, and then those of the values inside that are computed, in the order of the graph.</summary>
    public IReadOnlyList<Value> All { get; }

    /// <summary>In how many parts the values are computed.</summary>
    public int Parts => _parts.Count;

    /// <summary>The graph's outputs for the sample.</summary>
    public IReadOnlyList<Tensor> Outputs { get; private set; } = [];

    /// <summary>Goes on with another sample.</summary>
    /// <param name="sample">A tensor for each input, of the file's types.</param>
    public void Begin(Tensor[] sample)
    {
        _kept.Clear();
        (_sample, _runs) = (sample, 0);
        Outputs = [];
        Compute(0);
    }

    /// <summary>Whether a value of this name is computed.</summary>
    public bool Has(string name) => _partOf.ContainsKey(name) || _graph.Outputs.Exists(o => o.Name == name);

    /// <summary>A value for the sample, by name; null for one that is not computed.</summary>
    public Tensor? Find(string name)
    {
        for (int i = 0; i < Outputs.Count; i++)
        {
            if (_graph.Outputs[i].Name == name) return Outputs[i];
        }

        if (!_partOf.TryGetValue(name, out int part)) return null;
        if (!_kept.ContainsKey(part)) Compute(part);
        return _kept[part][name];
    }

    public void Dispose() => _whole?.Dispose();

    private void Compute(int part)
    {
        if (_runs++ < MostRunsOfPart * _parts.Count) _kept.Clear();
        Tensor[] results = Run(part);
        if (Outputs.Count == 0) Outputs = results[.._graph.Outputs.Count];
        _kept[part] = _parts[part].Zip(results.Skip(_graph.Outputs.Count))
            .ToDictionary(p => p.First.Name, p => p.Second, StringComparer.Ordinal);
    }

    private Tensor[] Run(int part)
    {
        if (_whole is not null) return _whole.Run(_sample!);
        using TfliteRun run = TfliteRun.Load(Lowering.WriteExposed(_graph, _parts[part].Contains, _cancellation).File, _draws);
        return run.Run(_sample!);
    }

    private Value[] Fitting(Value[] values, long mostBytesOfFloats)
    {
        HashSet<Value> left = [];
        long bytes = 0;
        foreach (Value value in values.Where(v => v.Quantization is null).OrderBy(Bytes))
        {
            bytes += Bytes(value);
            if (bytes > mostBytesOfFloats) left.Add(value);
        }

        return [.. values.Where(v => !left.Contains(v))];
    }

    // Of open sizes those that the model is checked with.
    private long Bytes(Value value)
    {
        Shape shape = _graph.Examples.Count > 0 ? value.Shape!.At(_graph.Examples[^1]) : value.Shape!;
        return shape.Aggregate((long)sizeof(float), (bytes, dim) => dim.IsKnown ? bytes * dim.Size : bytes);
    }
}
