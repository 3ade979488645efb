namespace ModelOpt.Compiler.Graphs;

/// <summary>
/// A model: ONNX operators over named values. The only representation inside the compiler. Every node is in the form
/// of opset <see cref="Opset"/>; the reader brings older forms to it.
/// </summary>
public sealed class Graph
{
    /// <summary>The opset whose operator forms the graph uses: the newest that is read.</summary>
    public const int Opset = 26;

    /// <summary>The oldest opset that is read.</summary>
    public const int OldestOpset = 7;

    /// <summary>The opset that is written, where every node can be said in it.</summary>
    public const int WrittenOpset = 17;

    private readonly List<Node> nodes = [];
    private readonly Dictionary<string, ElementType> declared = new(StringComparer.Ordinal);
    private HashSet<string>? taken;

    /// <summary>The graph's name.</summary>
    public string Name { get; set; } = "model";

    /// <summary>The inputs that the caller feeds, in order, without constants.</summary>
    public List<Value> Inputs { get; } = [];

    /// <summary>The outputs that the caller gets, in order.</summary>
    public List<Value> Outputs { get; } = [];

    /// <summary>The model's metadata, by key.</summary>
    public SortedDictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>The nodes in topological order.</summary>
    public IReadOnlyList<Node> Nodes => nodes;

    /// <summary>Every value that an input, an output or a node names, each once, in graph order.</summary>
    public IEnumerable<Value> Values =>
        Inputs.Concat(nodes.SelectMany(n => n.Inputs.Concat(n.Outputs))).Concat(Outputs).OfType<Value>().Distinct();

    /// <summary>
    /// The type in which the caller feeds or gets an input or output that is float32 in the graph, while the file says float16 or
    /// float64; null where it is the value's own.
    /// </summary>
    /// <param name="value">An input or output.</param>
    public ElementType? DeclaredType(Value value) =>
        declared.TryGetValue(value.Name, out ElementType type) && (Inputs.Contains(value) || IsOutput(value)) ? type : null;

    /// <summary>Sets the type in which the caller feeds or gets an input or output.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">The type; null for the value's own.</param>
    internal void Declare(string name, ElementType? type)
    {
        if (type is { } given) declared[name] = given;
        else declared.Remove(name);
    }

    /// <summary>Appends a node.</summary>
    /// <param name="node">The node; its inputs are produced before it.</param>
    public Node Add(Node node)
    {
        nodes.Add(node);
        return node;
    }

    /// <summary>Inserts a node right before another.</summary>
    /// <param name="next">The node that follows.</param>
    /// <param name="node">The new node.</param>
    public Node InsertBefore(Node next, Node node)
    {
        nodes.Insert(nodes.IndexOf(next), node);
        return node;
    }

    /// <summary>Inserts a node right after another.</summary>
    /// <param name="previous">The node that precedes.</param>
    /// <param name="node">The new node.</param>
    public Node InsertAfter(Node previous, Node node)
    {
        nodes.Insert(nodes.IndexOf(previous) + 1, node);
        return node;
    }

    /// <summary>Removes a node and disconnects it from its values.</summary>
    /// <param name="node">The node.</param>
    public void Remove(Node node)
    {
        node.Disconnect();
        nodes.Remove(node);
    }

    /// <summary>Whether the caller gets this value.</summary>
    /// <param name="value">The value.</param>
    public bool IsOutput(Value value) => Outputs.Contains(value);

    /// <summary>Whether <see cref="ReplaceUses"/> keeps the names of all inputs and outputs.</summary>
    /// <param name="value">The value to be replaced.</param>
    /// <param name="replacement">The value to read instead.</param>
    public bool CanReplaceUses(Value value, Value replacement) =>
        !IsOutput(value) || (replacement.Producer is not null && !IsOutput(replacement));

    /// <summary>Lets every consumer, and the graph's outputs, read <paramref name="replacement"/> instead.</summary>
    /// <param name="value">The value to be replaced.</param>
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
    /// <param name="stem">What the name begins with.</param>
    public string UniqueName(string stem)
    {
        taken ??= Values.Select(v => v.Name).ToHashSet(StringComparer.Ordinal);
        string name = stem;
        for (int i = 1; !taken.Add(name); i++) name = $"{stem}_{i}";
        return name;
    }

    /// <summary>Adds a constant under a name of its own.</summary>
    /// <param name="stem">What the name begins with.</param>
    /// <param name="tensor">Its elements.</param>
    public Value AddConstant(string stem, Tensor tensor) => new(UniqueName(stem), tensor);

    /// <summary>Gives a node a constant of its own if it shares one with other nodes or inputs; its constraints stay.</summary>
    /// <param name="node">The node.</param>
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
    /// <param name="node">The node.</param>
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
        Graph copy = new() { Name = Name };
        foreach ((string key, string text) in Metadata) copy.Metadata.Add(key, text);
        foreach ((string name, ElementType type) in declared) copy.declared.Add(name, type);
        Dictionary<Value, Value> copies = Values.ToDictionary(v => v, v => new Value(v.Name, v.Type, v.Shape)
        {
            Constant = v.Constant, Quantization = v.Quantization, Constraints = v.Constraints, ShapeContent = v.ShapeContent,
        });
        copy.Inputs.AddRange(Inputs.Select(v => copies[v]));
        foreach (Node node in nodes)
        {
            Node added = copy.Add(new Node(
                node.Type, node.Name, node.Inputs.Select(Copy), node.Outputs.Select(Copy)) { Domain = node.Domain, PartOf = node.PartOf });
            foreach ((string key, object attribute) in node.Attributes) added.Attributes.Add(key, attribute);
        }

        copy.Outputs.AddRange(Outputs.Select(v => copies[v]));
        return copy;

        Value? Copy(Value? value) => value is null ? null : copies[value];
    }

    /// <summary>Replaces the order of nodes.</summary>
    /// <param name="sorted">The same nodes in another topological order.</param>
    internal void Reorder(IReadOnlyList<Node> sorted)
    {
        nodes.Clear();
        nodes.AddRange(sorted);
    }
}
