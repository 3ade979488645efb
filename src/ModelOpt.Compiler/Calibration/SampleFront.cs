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
    private const long MostBytes = 1L << 30;

    private readonly Graph graph;
    private readonly Func<int, Tensor[]> read;
    private readonly Tensor[]?[] held;
    private Value[] place;
    private Value[] next;
    private Interpreter interpreter;

    /// <summary>All samples at the graph's inputs.</summary>
    /// <param name="graph">The graph; behind the place that samples have reached it may change.</param>
    /// <param name="samples">How many samples there are.</param>
    /// <param name="read">Reads one of them: a tensor for each graph input.</param>
    public SampleFront(Graph graph, int samples, Func<int, Tensor[]> read)
    {
        (this.graph, this.read) = (graph, read);
        held = new Tensor[]?[samples];
        place = next = [.. graph.Inputs];
        interpreter = new Interpreter(graph, next, place);
    }

    /// <summary>Chooses where the next run of each sample ends, and the values observed on the way.</summary>
    /// <param name="layers">Nodes of the graph: the place is before the first of them. None: it stays the last one.</param>
    /// <param name="observed">Values that they read or compute, or that come later; those that are before the place are held as long as
    /// they are observed.</param>
    /// <param name="pool">Threads; results do not depend on them.</param>
    /// <param name="visit">Called with each observed value of a sample.</param>
    public void MoveTo(IEnumerable<Node> layers, HashSet<Value> observed, WorkerPool? pool, Action<Value, Tensor> visit)
    {
        place = next;
        HashSet<Node> ahead = [.. layers];
        if (ahead.Count > 0) next = Before(ahead, observed);
        interpreter = new Interpreter(graph, observed.Concat(next), place)
        {
            Pool = pool, Hook = (value, tensor) =>
            {
                if (observed.Contains(value)) visit(value, tensor);
            },
        };
    }

    /// <summary>Runs a sample to the new place and on to the observed values. Samples run in order, each once after each move.</summary>
    /// <param name="sample">Which one.</param>
    /// <param name="cancellation">Ends the run.</param>
    public void Run(int sample, CancellationToken cancellation)
    {
        Tensor[] results = interpreter.Run(held[sample] ?? read(sample), cancellation);
        if (next == place) return;
        Tensor[] reached = results[^next.Length..];
        if (sample == 0 && reached.Sum(t => (long)t.Bytes.Length) * held.Length > MostBytes) next = place;
        else held[sample] = reached;
    }

    /// <summary>
    /// The values that the rest of the graph, from the first of some nodes on, reads of what is before it, and those observed there.
    /// </summary>
    private Value[] Before(HashSet<Node> layers, HashSet<Value> observed)
    {
        HashSet<Value> known = [.. graph.Inputs];
        foreach (Node node in graph.Nodes.TakeWhile(n => !layers.Contains(n))) known.UnionWith(node.Outputs.OfType<Value>());
        IEnumerable<Value> read = graph.Nodes.SkipWhile(n => !layers.Contains(n)).SelectMany(n => n.Inputs).OfType<Value>();
        return [.. read.Concat(observed).Where(known.Contains).Distinct()];
    }
}
