using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Compiler.Graphs;

/// <summary>
/// A model: ONNX operators over named values. The only representation inside the compiler. Every node is in the form
/// of opset <see cref="Opset"/>; the reader brings older forms to it.
/// </summary>
internal sealed class Graph
{
    /// <summary>The opset whose operator forms the graph uses: the newest that is read.</summary>
    public const int Opset = 28;

    /// <summary>The oldest opset that is read.</summary>
    public const int OldestOpset = 1;

    /// <summary>The opset that is written, where every node can be said in it.</summary>
    public const int WrittenOpset = 17;

    private readonly List<Node> _nodes = [];
    private readonly Dictionary<string, ElementType> _declared = new(StringComparer.Ordinal);
    private HashSet<string>? _taken;

    /// <summary>The graph's name.</summary>
    public string Name { get; set; } = "model";

    /// <summary>The inputs that the caller feeds, in order, without constants.</summary>
    public List<Value> Inputs { get; } = [];

    /// <summary>The outputs that the caller gets, in order.</summary>
    public List<Value> Outputs { get; } = [];

    /// <summary>The states that callers carry from call to call.</summary>
    public List<StatePair> States { get; } = [];

    /// <summary>The inputs that are no states: what there is data for.</summary>
    public IEnumerable<Value> FedInputs => Inputs.Where(i => !IsState(i));

    /// <summary>
    /// In a body: how many of the last inputs stand for values of the graph around it. The node that has the body reads these values as
    /// its last inputs, in the same order. All bodies of a node have the same.
    /// </summary>
    public int Captures { get; set; }

    /// <summary>
    /// Whether the first dimension of inputs is an open size like others, because samples do not stay apart along it: it may count steps
    /// of time, or be that of one input only.
    /// </summary>
    public bool HasBatchAsSize { get; set; }

    /// <summary>The open first dimensions of inputs that count samples, which the caller may give one by one.</summary>
    public HashSet<Dim> Batch
    {
        get
        {
            if (HasBatchAsSize) return [];
            // The same name at another axis is a size that the plan must know.
            HashSet<Dim> batch = [.. Inputs.Where(i => i.Shape is { IsBatchOpen: true }).Select(i => i.Shape![0])];
            batch.ExceptWith(Inputs.SelectMany(i => i.Shape?.Skip(1) ?? []));
            return batch;
        }
    }

    /// <summary>
    /// Sizes that the model takes where its inputs leave them open besides the batch, by their names: where one must be named, as in the
    /// file's shapes. A second set is for checks. Empty where all are known.
    /// </summary>
    public IReadOnlyList<IReadOnlyDictionary<string, long>> Examples { get; set; } = [];

    /// <summary>
    /// While the inputs have the sizes of the first example, the shapes that they have otherwise, by their names; else null.
    /// </summary>
    public IReadOnlyDictionary<string, Shape>? OpenShapes { get; set; }

    /// <summary>The model's metadata, by key.</summary>
    public SortedDictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>What reading the model changed in what its caller gets; a build reports it.</summary>
    public List<Diagnostic> Remarks { get; } = [];

    /// <summary>The nodes in topological order.</summary>
    public IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>The nodes, and those of their bodies behind each.</summary>
    public IEnumerable<Node> AllNodes => _nodes.SelectMany(n => n.Bodies.SelectMany(b => b.AllNodes).Prepend(n));

    /// <summary>Every value that an input, an output or a node names, each once, in graph order; not those inside bodies.</summary>
    public IEnumerable<Value> Values =>
        Inputs.Concat(_nodes.SelectMany(n => n.Inputs.Concat(n.Outputs))).Concat(Outputs).OfType<Value>().Distinct();

    /// <summary>
    /// The type in which the caller feeds or gets an input or output that is float32 in the graph, while the file says float16 or
    /// float64; null where it is the value's own.
    /// </summary>
    /// <param name="value">An input or output.</param>
    public ElementType? DeclaredType(Value value) =>
        _declared.TryGetValue(value.Name, out ElementType type) && (Inputs.Contains(value) || IsOutput(value)) ? type : null;

    /// <summary>Sets the type in which the caller feeds or gets an input or output.</summary>
    /// <param name="type">The type; null for the value's own.</param>
    internal void Declare(string name, ElementType? type)
    {
        if (type is { } given) _declared[name] = given;
        else _declared.Remove(name);
    }

    /// <summary>Appends a node.</summary>
    /// <param name="node">The node; its inputs are produced before it.</param>
    public Node Add(Node node)
    {
        _nodes.Add(node);
        return node;
    }

    /// <summary>Inserts a node right before another.</summary>
    public Node InsertBefore(Node next, Node node)
    {
        _nodes.Insert(_nodes.IndexOf(next), node);
        return node;
    }

    /// <summary>Inserts a node right after another.</summary>
    public Node InsertAfter(Node previous, Node node)
    {
        _nodes.Insert(_nodes.IndexOf(previous) + 1, node);
        return node;
    }

    /// <summary>Removes a node and disconnects it from its values.</summary>
    public void Remove(Node node)
    {
        node.Disconnect();
        _nodes.Remove(node);
    }

    /// <summary>Whether an input takes what an output gave in the call before.</summary>
    public bool IsState(Value input) => States.Exists(s => s.Input == input.Name);

    /// <summary>Whether the caller gets this value.</summary>
    public bool IsOutput(Value value) => Outputs.Contains(value);

    /// <summary>Whether <see cref="ReplaceUses"/> keeps the names of all inputs and outputs.</summary>
    public bool CanReplaceUses(Value value, Value replacement) =>
        !IsOutput(value) || (replacement.Producer is not null && !IsOutput(replacement));

    /// <summary>Lets every consumer, and the graph's outputs, read <paramref name="replacement"/> instead.</summary>
    /// <param name="replacement">The value to read from now on.</param>
    /// <remarks>
    /// The names of graph outputs are kept: where <paramref name="value"/> is an output, the two swap names. So an output
    /// cannot be replaced by a graph input, a constant or another output; ask <see cref="CanReplaceUses"/> first.
    /// </remarks>
    public void ReplaceUses(Value value, Value replacement)
    {
        foreach (Node consumer in value.Consumers.ToArray())
        {
            for (int i = 0; i < consumer.Inputs.Count; i++)
            {
                if (consumer.Inputs[i] == value) consumer.SetInput(i, replacement);
            }
        }

        for (int i = 0; i < Outputs.Count; i++)
        {
            if (Outputs[i] != value) continue;
            Outputs[i] = replacement;
            (value.Name, replacement.Name) = (replacement.Name, value.Name);
        }
    }

    /// <summary>A name that no value of this graph has, now or at an earlier call.</summary>
    public string UniqueName(string stem)
    {
        _taken ??= Values.Select(v => v.Name).ToHashSet(StringComparer.Ordinal);
        string name = stem;
        for (int i = 1; !_taken.Add(name); i++) name = $"{stem}_{i}";
        return name;
    }

    /// <summary>Adds a constant under a name of its own.</summary>
    public Value AddConstant(string stem, Tensor tensor) => new(UniqueName(stem), tensor);

    /// <summary>Gives a node a constant of its own if it shares one with other nodes or inputs; its constraints stay.</summary>
    /// <param name="index">The input's position; a constant stands there.</param>
    /// <returns>The constant that only this input reads.</returns>
    public Value OwnConstant(Node node, int index)
    {
        Value shared = node.Input(index);
        if (shared.Consumers.Count == 1) return shared;
        Value own = AddConstant(shared.Name, shared.Constant!);
        own.Constraints = shared.Constraints;
        node.SetInput(index, own);
        return own;
    }

    /// <summary>Lets a node read another constant; it takes over the name where no other node read the old one.</summary>
    /// <param name="index">The input's position; a constant stands there.</param>
    /// <param name="tensor">What it holds from now on.</param>
    public Value ReplaceConstant(Node node, int index, Tensor tensor)
    {
        Value old = node.Input(index);
        Value constant = old.Consumers.Count == 1 && !IsOutput(old) ? new Value(old.Name, tensor) : AddConstant(old.Name, tensor);
        constant.Constraints = old.Constraints;
        node.SetInput(index, constant);
        return constant;
    }

    /// <summary>
    /// A copy whose nodes and values can be changed without changing this graph; tensors are shared, as none is ever written to.
    /// </summary>
    public Graph Clone()
    {
        Graph copy = new()
        {
            Name = Name, Captures = Captures, Examples = Examples, OpenShapes = OpenShapes, HasBatchAsSize = HasBatchAsSize,
        };
        foreach ((string key, string text) in Metadata) copy.Metadata.Add(key, text);
        foreach ((string name, ElementType type) in _declared) copy._declared.Add(name, type);
        copy.States.AddRange(States);
        Dictionary<Value, Value> copies = Values.ToDictionary(v => v, v => new Value(v.Name, v.Type, v.Shape)
        {
            Constant = v.Constant, Quantization = v.Quantization, Constraints = v.Constraints, ShapeContent = v.ShapeContent,
        });
        copy.Inputs.AddRange(Inputs.Select(v => copies[v]));
        foreach (Node node in _nodes)
        {
            Node added = copy.Add(new Node(
                node.Type, node.Name, node.Inputs.Select(Copy), node.Outputs.Select(Copy))
            {
                Domain = node.Domain, PartOf = node.PartOf, RoundsAtRun = node.RoundsAtRun,
            });
            foreach ((string key, object attribute) in node.Attributes)
                added.Attributes.Add(key, attribute is Graph body ? body.Clone() : attribute);
        }

        copy.Outputs.AddRange(Outputs.Select(v => copies[v]));
        return copy;

        Value? Copy(Value? value) => value is null ? null : copies[value];
    }

    /// <summary>Replaces the order of nodes.</summary>
    /// <param name="sorted">The same nodes in another topological order.</param>
    internal void Reorder(IReadOnlyList<Node> sorted)
    {
        _nodes.Clear();
        _nodes.AddRange(sorted);
    }
}
