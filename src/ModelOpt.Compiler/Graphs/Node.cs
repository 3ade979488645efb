using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Compiler.Graphs;

/// <summary>One application of an ONNX operator.</summary>
internal sealed class Node
{
    private readonly List<Value?> _inputs = [];
    private readonly List<Value?> _outputs = [];
    private readonly SortedDictionary<string, object> _attributes = new(StringComparer.Ordinal);

    /// <summary>Creates a node and connects it to its values.</summary>
    /// <param name="type">The operator, such as <c>Conv</c>.</param>
    /// <param name="name">The node's name; may be empty.</param>
    /// <param name="inputs">The values read; null for an omitted optional input.</param>
    /// <param name="outputs">The values produced; null for an omitted optional output.</param>
    public Node(string type, string name, IEnumerable<Value?> inputs, IEnumerable<Value?> outputs)
    {
        Type = type;
        Name = name;
        foreach (Value? input in inputs)
        {
            _inputs.Add(input);
            input?.AddConsumer(this);
        }

        foreach (Value? output in outputs)
        {
            _outputs.Add(output);
            if (output is not null) output.Producer = this;
        }
    }

    /// <summary>The operator, such as <c>Conv</c>.</summary>
    public string Type { get; }

    /// <summary>The operator's domain; empty for ONNX's own.</summary>
    public string Domain { get; init; } = "";

    /// <summary>The node's name; may be empty.</summary>
    public string Name { get; set; }

    /// <summary>
    /// The label of the layer of the model that this node is a factor of; options for that layer hold for it. Null for others.
    /// </summary>
    public string? PartOf { get; init; }

    /// <summary>
    /// Whether a layer with int8 weights that reads and writes float32 multiplies in int8: it rounds what it multiplies to 8 bits, with
    /// ranges found when it runs.
    /// </summary>
    public bool RoundsAtRun { get; set; }

    /// <summary>The values read; null for an omitted optional input.</summary>
    public IReadOnlyList<Value?> Inputs => _inputs;

    /// <summary>The values produced; null for an omitted optional output.</summary>
    public IReadOnlyList<Value?> Outputs => _outputs;

    /// <summary>
    /// The attributes by name: <see cref="long"/>, <see cref="float"/>, <see cref="string"/>, <see cref="Tensor"/>,
    /// <see cref="Graph"/>, or arrays of the first three.
    /// </summary>
    public IDictionary<string, object> Attributes => _attributes;

    /// <summary>The graphs inside the node: branches of an If, the body of a Loop or Scan.</summary>
    public IEnumerable<Graph> Bodies => _attributes.Values.OfType<Graph>();

    /// <summary>How many of the last inputs are values that bodies read by name; see <see cref="Graph.Captures"/>.</summary>
    public int Captures => Bodies.FirstOrDefault()?.Captures ?? 0;

    /// <summary>The only or first output.</summary>
    public Value Output => _outputs[0] ?? throw GraphDiagnostics.InvalidGraph.Error(Label, "the first output is absent");

    /// <summary>The node's name for people: its own, or its first output's.</summary>
    public string Label => Name.Length > 0 ? Name : _outputs.Find(o => o is not null)?.Name ?? Type;

    /// <summary>The input at <paramref name="index"/>, or null where it is omitted or beyond the end.</summary>
    public Value? InputOrNull(int index) => index < _inputs.Count ? _inputs[index] : null;

    /// <summary>The input at <paramref name="index"/>.</summary>
    /// <exception cref="CompilationException">It is absent.</exception>
    public Value Input(int index) =>
        InputOrNull(index) ?? throw GraphDiagnostics.MissingInput.Error(Label, Type, index);

    /// <summary>Whether the output at <paramref name="index"/> is asked for.</summary>
    public bool HasOutput(int index) => index < _outputs.Count && _outputs[index] is not null;

    /// <summary>Reads another value at an input position, appending positions as needed.</summary>
    /// <param name="value">The new input, or null to omit it.</param>
    public void SetInput(int index, Value? value)
    {
        while (_inputs.Count <= index) _inputs.Add(null);
        _inputs[index]?.RemoveConsumer(this);
        _inputs[index] = value;
        value?.AddConsumer(this);
    }

    /// <summary>Produces another value at an output position.</summary>
    /// <param name="value">The new output, or null to omit it.</param>
    public void SetOutput(int index, Value? value)
    {
        if (_outputs[index] is { } old && old.Producer == this) old.Producer = null;
        _outputs[index] = value;
        if (value is not null) value.Producer = this;
    }

    /// <summary>Produces one more value.</summary>
    public void AddOutput(Value value)
    {
        _outputs.Add(value);
        value.Producer = this;
    }

    /// <summary>Leaves an output out; positions behind it stay.</summary>
    /// <param name="index">The output's position; not that of the first.</param>
    public void DropOutput(int index)
    {
        SetOutput(index, null);
        while (_outputs.Count > 1 && _outputs[^1] is null) _outputs.RemoveAt(_outputs.Count - 1);
    }

    /// <summary>Takes an input out; those behind it move up.</summary>
    public void RemoveInput(int index)
    {
        _inputs[index]?.RemoveConsumer(this);
        _inputs.RemoveAt(index);
    }

    /// <summary>Drops inputs from <paramref name="count"/> on.</summary>
    public void TruncateInputs(int count)
    {
        for (int i = _inputs.Count - 1; i >= count; i--)
        {
            _inputs[i]?.RemoveConsumer(this);
            _inputs.RemoveAt(i);
        }
    }

    /// <summary>An integer attribute.</summary>
    /// <param name="fallback">Its value where it is absent.</param>
    public long Int(string name, long fallback) => Get(name, fallback);

    /// <summary>A float attribute.</summary>
    /// <param name="fallback">Its value where it is absent.</param>
    public float Float(string name, float fallback) => Get(name, fallback);

    /// <summary>A text attribute.</summary>
    /// <param name="fallback">Its value where it is absent.</param>
    public string String(string name, string fallback) => Get(name, fallback);

    /// <summary>A list of integers, or null where it is absent.</summary>
    public long[]? Ints(string name) => Get<long[]?>(name, null);

    /// <summary>A list of floats, or null where it is absent.</summary>
    public float[]? Floats(string name) => Get<float[]?>(name, null);

    /// <summary>A graph inside the node.</summary>
    /// <exception cref="CompilationException">It is absent.</exception>
    public Graph Body(string name) =>
        Get<Graph?>(name, null) ?? throw GraphDiagnostics.InvalidAttribute.Error(Label, name, "is absent");

    private T Get<T>(string name, T fallback) =>
        !_attributes.TryGetValue(name, out object? value) ? fallback
        : value is T typed ? typed
        : throw GraphDiagnostics.InvalidAttribute.Error(Label, name, $"has the wrong type ({value.GetType().Name})");

    internal void Disconnect()
    {
        foreach (Value? input in _inputs) input?.RemoveConsumer(this);
        foreach (Value? output in _outputs)
        {
            if (output?.Producer == this) output.Producer = null;
        }
    }

    public override string ToString() => $"{Type} {Label}";
}
