using System.Collections.Concurrent;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Interpretation;

/// <summary>
/// Runs a graph in float by the operators' own definitions: the reference for everything else. Shapes follow the inputs of a run, so any
/// batch works. An instance may serve several threads if its hook can.
/// </summary>
internal sealed class Interpreter
{
    /// <summary>At most how much memory waits to be used again.</summary>
    private const long MostFree = 1 << 26;

    private readonly Graph _graph;
    private readonly Node[] _nodes;
    private readonly Value[] _inputs;
    private readonly Value[] _outputs;
    private readonly Lazy<Value[][]> _lastUses;
    private readonly ConcurrentBag<TensorArena> _arenas = [];
    private readonly ConcurrentDictionary<Value, Tensor> _rounded = [];
    private readonly ConcurrentDictionary<Node, IntegerLayer?> _layers = [];

    /// <summary>Prepares a graph. It must not change while the interpreter is used.</summary>
    /// <param name="outputs">The values to compute; the graph's outputs where null. Nodes they do not need are not run.</param>
    /// <param name="inputs">The values that each run is given; the graph's inputs where null. What they are made of is not run.</param>
    public Interpreter(Graph graph, IEnumerable<Value>? outputs = null, IEnumerable<Value>? inputs = null)
    {
        _graph = graph;
        _inputs = [.. inputs ?? graph.Inputs];
        _outputs = [.. outputs ?? graph.Outputs];
        _nodes = Needed();
        _lastUses = new(LastUses);
    }

    /// <summary>
    /// Whether annotated values, constants included, are rounded to their grids, and layers between such values compute on the integers.
    /// The run then gives the values of the integers, up to float rounding within other operators.
    /// </summary>
    public bool FakeQuantize { get; init; }

    /// <summary>Called with every value once it is computed: the inputs first, then in the order of the nodes; not for constants.</summary>
    public Action<Value, Tensor>? Hook { get; init; }

    /// <summary>
    /// Called with every computed value of all samples before it is rounded to its grid; it may change the tensors. Layers then compute
    /// in float, so that there is a value before the rounding.
    /// </summary>
    public Action<Value, IReadOnlyList<Tensor>>? BeforeRounding { get; init; }

    /// <summary>
    /// Gives the tensor to go on with in place of each computed value, of the same type and shape; null to keep them all.
    /// </summary>
    public Func<Value, Tensor, Tensor>? Substitute { get; init; }

    /// <summary>
    /// Whether tensors' memory is used again behind their last reader: hooks then keep no tensor but those of the outputs.
    /// </summary>
    public bool Reuses { get; init; }

    /// <summary>
    /// Whether the outputs are for <see cref="Hook"/> alone, which keeps none of them: they end with their last reader, too, and runs give
    /// none.
    /// </summary>
    public bool IsWatched { get; init; }

    /// <summary>Threads to work on, or null; results do not depend on them.</summary>
    public WorkerPool? Pool { get; init; }

    /// <summary>Runs the graph on its inputs in order.</summary>
    /// <returns>A tensor for each chosen output, in order.</returns>
    /// <exception cref="CompilationException">An operator refuses its inputs.</exception>
    public Tensor[] Run(params Tensor[] inputs) => Run(inputs, default);

    /// <summary>Runs the graph on inputs by name.</summary>
    /// <param name="feeds">A tensor for each graph input that the chosen outputs need.</param>
    /// <returns>The chosen outputs by name.</returns>
    /// <exception cref="CompilationException">An operator refuses its inputs.</exception>
    public IReadOnlyDictionary<string, Tensor> Run(
        IReadOnlyDictionary<string, Tensor> feeds, CancellationToken cancellation = default)
    {
        Tensor[] results = Run([.. _inputs.Select(i => feeds.GetValueOrDefault(i.Name))], cancellation);
        return _outputs.Zip(results).ToDictionary(p => p.First.Name, p => p.Second, StringComparer.Ordinal);
    }

    /// <summary>Runs the graph on its inputs in order.</summary>
    /// <param name="tensors">A tensor for each input; null where the chosen outputs do not need it.</param>
    /// <returns>A tensor for each chosen output, in order.</returns>
    /// <exception cref="ArgumentException">There are more or fewer tensors than inputs.</exception>
    /// <exception cref="CompilationException">An operator refuses its inputs.</exception>
    public Tensor[] Run(IReadOnlyList<Tensor?> tensors, CancellationToken cancellation) => RunTogether([tensors], cancellation)[0];

    /// <summary>
    /// Runs several samples side by side, each node on all of them before the next node, as one batch would run where the graph's batch
    /// is fixed.
    /// </summary>
    /// <param name="samples">For each sample a tensor for each input; null where the chosen outputs do not need it.</param>
    /// <returns>For each sample a tensor for each chosen output, in order.</returns>
    /// <exception cref="ArgumentException">There are more or fewer tensors than inputs.</exception>
    /// <exception cref="CompilationException">An operator refuses its inputs.</exception>
    public Tensor[][] RunTogether(IReadOnlyList<IReadOnlyList<Tensor?>> samples, CancellationToken cancellation)
    {
        if (samples.FirstOrDefault(s => s.Count != _inputs.Length) is { } wrong)
            throw new ArgumentException($"{wrong.Count} inputs were given, the graph has {_inputs.Length}.", nameof(samples));
        TensorArena? arena = !Reuses ? null : _arenas.TryTake(out TensorArena? kept) ? kept : new TensorArena(MostFree);
        LiveValues[] live = [.. samples.Select(_ => new LiveValues(arena))];
        for (int i = 0; i < _inputs.Length; i++)
        {
            if (samples.Any(s => s[i] is null)) continue;
            for (int s = 0; s < live.Length; s++) live[s].Set(_inputs[i], samples[s][i]!);
            BeforeRounding?.Invoke(_inputs[i], [.. samples.Select(s => s[i]!)]);
            Array.ForEach(live, l => Settle(l, _inputs[i]));
        }

        for (int i = 0; i < _nodes.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            Run(_nodes[i], live, _lastUses.Value[i], arena, cancellation);
        }

        Tensor[][] results = Array.ConvertAll(live, l => IsWatched ? [] : Array.ConvertAll(_outputs, v => Find(l, v, null)));
        if (arena is null) return results;
        foreach (Tensor result in results.SelectMany(r => r)) arena.Release(result);
        arena.Reset();
        _arenas.Add(arena);
        return results;
    }

    /// <summary>Runs a node on all samples. What no later node reads ends as early as can be.</summary>
    private void Run(Node node, LiveValues[] live, Value[] ending, TensorArena? arena, CancellationToken cancellation)
    {
        IntegerLayer? layer = FakeQuantize && BeforeRounding is null ? _layers.GetOrAdd(node, n => IntegerLayer.Of(_graph, n)) : null;
        Value[] outputs = [.. node.Outputs.OfType<Value>()], read = [.. ending.Except(outputs)], unread = [.. ending.Intersect(outputs)];
        foreach (LiveValues values in live)
        {
            if (layer is null) Forward(node, values, arena, cancellation);
            else Guard.Run(node, () => values.Set(
                node.Output, layer.Forward(Find(values, node.Input(0), node), arena, Pool, cancellation)));
            if (BeforeRounding is null) Array.ForEach(outputs, v => Settle(values, v));
            Array.ForEach(read, values.Remove);
        }

        if (BeforeRounding is { } before)
        {
            foreach (Value output in outputs)
            {
                before(output, Array.ConvertAll(live, l => l.Find(output)!));
                Array.ForEach(live, l => Settle(l, output));
            }
        }

        foreach (LiveValues values in live) Array.ForEach(unread, values.Remove);
    }

    private void Forward(Node node, LiveValues live, TensorArena? arena, CancellationToken cancellation)
    {
        var arguments = new Tensor?[node.Inputs.Count];
        for (int i = 0; i < arguments.Length; i++)
            arguments[i] = node.Inputs[i] is { } input ? Find(live, input, node) : null;
        var context = new ForwardContext(node, arguments, cancellation) { Pool = Pool, Arena = arena };
        Guard.Run(node, () => Operator.Of(node).Forward(context));
        for (int i = 0; i < node.Outputs.Count; i++)
        {
            if (node.Outputs[i] is not { } output) continue;
            live.Set(output, context.Outputs[i] ?? throw GraphDiagnostics.UnsupportedForm.Error(
                node.Label, node.Type, $"its output {i} is not computed"));
        }
    }

    /// <summary>Rounds a value that is computed to its grid, and shows it.</summary>
    private void Settle(LiveValues live, Value value)
    {
        Tensor computed = live.Find(value)!, kept = computed;
        if (FakeQuantize && value.Quantization is { } quantization)
        {
            if (live.IsAlone(computed)) quantization.Round(computed, computed, Pool);
            else kept = quantization.Round(computed, Pool);
        }

        if (Substitute is not null) kept = Substitute(value, kept);
        if (kept != computed) live.Set(value, kept);
        Hook?.Invoke(value, kept);
    }

    private Tensor Find(LiveValues live, Value value, Node? reader)
    {
        if (value.Constant is { } constant)
        {
            return FakeQuantize && value.Quantization is { } quantization
                ? _rounded.GetOrAdd(value, _ => quantization.Round(constant)) : constant;
        }

        return live.Find(value)
            ?? throw new ArgumentException($"No tensor was given for '{value.Name}', which {reader?.Label ?? "the caller"} needs.");
    }

    private Node[] Needed()
    {
        var needed = new HashSet<Value>(_outputs);
        var given = new HashSet<Value>(_inputs);
        var kept = new List<Node>();
        foreach (Node node in _graph.Nodes.Reverse())
        {
            if (!node.Outputs.Any(v => v is not null && needed.Contains(v) && !given.Contains(v))) continue;
            kept.Add(node);
            foreach (Value? input in node.Inputs)
            {
                if (input is not null) needed.Add(input);
            }
        }

        kept.Reverse();
        return [.. kept];
    }

    /// <summary>For each node, the values that no later node reads.</summary>
    private Value[][] LastUses()
    {
        HashSet<Value> later = IsWatched ? [] : [.. _outputs];
        var last = new Value[_nodes.Length][];
        for (int i = _nodes.Length - 1; i >= 0; i--)
        {
            last[i] = [.. _nodes[i].Inputs.Concat(_nodes[i].Outputs).OfType<Value>().Where(v => !v.IsConstant && later.Add(v))];
        }

        return last;
    }
}
