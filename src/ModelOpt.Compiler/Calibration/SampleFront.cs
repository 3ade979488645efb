using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Calibration;

/// <summary>
/// How far the calibration samples have run through a graph. It holds each sample's values at one place and continues from there, so that
/// layers in order do not rerun everything before them. If all samples would take too much memory, the place does not move.
/// </summary>
internal sealed class SampleFront
{
    /// <summary>At most how many bytes are held.</summary>
    private const long MostBytes = 1L << 27;

    private readonly Graph _graph;
    private readonly Func<int, Tensor[]> _read;
    private readonly Tensor[]?[] _held;
    private Value[] _place;
    private Value[] _next;
    private Interpreter _interpreter;

    /// <summary>All samples at the graph's inputs.</summary>
    /// <param name="graph">The graph; behind the place that samples have reached it may change.</param>
    /// <param name="read">Reads one of them: a tensor for each graph input.</param>
    public SampleFront(Graph graph, int samples, Func<int, Tensor[]> read)
    {
        (_graph, _read) = (graph, read);
        _held = new Tensor[]?[samples];
        _place = _next = [.. graph.Inputs];
        _interpreter = new Interpreter(graph, _next, _place) { Reuses = true };
    }

    /// <summary>Chooses where the next run of each sample ends, and the values observed on the way.</summary>
    /// <param name="layers">Nodes of the graph: the place is before the first of them. None: it stays the last one.</param>
    /// <param name="observed">Values that they read or compute, or that come later; those that are before the place are held as long as
    /// they are observed.</param>
    /// <param name="pool">Threads; results do not depend on them.</param>
    /// <param name="visit">Called with each observed value of a sample; it may keep the tensor.</param>
    public void MoveTo(IEnumerable<Node> layers, HashSet<Value> observed, WorkerPool? pool, Action<Value, Tensor> visit)
    {
        _place = _next;
        HashSet<Node> ahead = [.. layers];
        if (ahead.Count > 0) _next = Before(ahead, observed);
        _interpreter = new Interpreter(_graph, observed.Concat(_next), _place)
        {
            Pool = pool, Reuses = true, Hook = (value, tensor) =>
            {
                if (observed.Contains(value)) visit(value, tensor);
            },
        };
    }

    /// <summary>Runs a sample to the new place and on to the observed values. Samples run in order, each once after each move.</summary>
    public void Run(int sample, CancellationToken cancellation)
    {
        Tensor[] results = _interpreter.Run(_held[sample] ?? _read(sample), cancellation);
        if (_next == _place) return;
        Tensor[] reached = results[^_next.Length..];
        if (sample == 0 && reached.Sum(t => (long)t.Bytes.Length) * _held.Length > MostBytes) _next = _place;
        else _held[sample] = reached;
    }

    /// <summary>
    /// The values that the rest of the graph, from the first of some nodes on, reads of what is before it, and those observed there.
    /// </summary>
    private Value[] Before(HashSet<Node> layers, HashSet<Value> observed)
    {
        HashSet<Value> known = [.. _graph.Inputs];
        foreach (Node node in _graph.Nodes.TakeWhile(n => !layers.Contains(n))) known.UnionWith(node.Outputs.OfType<Value>());
        IEnumerable<Value> read = _graph.Nodes.SkipWhile(n => !layers.Contains(n)).SelectMany(n => n.Inputs).OfType<Value>();
        return [.. read.Concat(observed).Where(known.Contains).Distinct()];
    }
}
