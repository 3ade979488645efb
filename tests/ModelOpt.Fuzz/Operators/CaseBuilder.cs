namespace ModelOpt.Fuzz.Operators;

/// <summary>What a generator makes a case of: choices, and what the version of the operator has.</summary>
internal sealed class CaseBuilder(OperatorSchema schema, int opset, Draw draw)
{
    private readonly List<CaseInput?> _inputs = [];
    private readonly Dictionary<string, object> _attributes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ElementType> _types = new(StringComparer.Ordinal);
    private int _outputs = 1;
    private bool _isDisputed;
    private int[] _unasked = [];
    private double _slack;

    /// <summary>The choices.</summary>
    public Draw Draw => draw;

    /// <summary>The version of the operator.</summary>
    public OperatorSchema Schema => schema;

    /// <summary>The opset of the model.</summary>
    public int Opset => opset;

    /// <summary>
    /// An element type that was drawn and that the project has no name for (text, complex numbers, 8-bit floats), or null.
    /// </summary>
    public string? UnreadType { get; private set; }

    /// <summary>How many inputs there are so far.</summary>
    public int InputCount => _inputs.Count;

    /// <summary>The case.</summary>
    public OperatorCase Build() => new(schema.Operator, opset, _inputs, _attributes, _outputs, _isDisputed)
    {
        Unasked = _unasked,
        Slack = _slack,
    };

    /// <summary>The element type of an input, drawn from those that the schema allows; the same for all of one constraint.</summary>
    public ElementType Type(int input = 0)
    {
        ValueSchema value = schema.Inputs[Math.Min(input, schema.Inputs.Count - 1)];
        string key = value.Constraint ?? $"{input}";
        if (_types.TryGetValue(key, out ElementType type)) return type;
        return _types[key] = TypeOf(value.Types);
    }

    /// <summary>One of the types of a list in a schema: float32 a third of the time, where it is one.</summary>
    public ElementType TypeOf(string names)
    {
        string[] all = names.Split(' ');
        string name = all.Contains("float") && draw.Chance(0.33) ? "float" : draw.Pick(all);
        ElementType type = OperatorSchema.TypeOf(name);
        if (type != ElementType.Undefined) return type;
        UnreadType ??= name;
        return ElementType.Float32;
    }

    /// <summary>Adds an input of data: mostly the caller's.</summary>
    public CaseBuilder Data(Tensor tensor)
    {
        bool isEmpty = tensor.Count == 0;
        _inputs.Add(new CaseInput(tensor, isEmpty ? draw.Pick(Origin.Emptied, Origin.Emptied, Origin.Initializer, Origin.Constant)
            : draw.Chance(0.8) ? Origin.Caller : draw.Pick(Origin.Initializer, Origin.Constant, Origin.Computed)));
        return this;
    }

    /// <summary>Adds an input of data with random elements of the schema's type.</summary>
    public CaseBuilder Data(int[] dims, double low = -4, double high = 4) => Data(draw.Tensor(Type(_inputs.Count), dims, low, high));

    /// <summary>Adds an input that is mostly constant: weights, shapes, axes.</summary>
    /// <param name="computed">How often the caller gives it.</param>
    public CaseBuilder Parameter(Tensor tensor, double computed = 0.1)
    {
        bool isCallers = tensor.Count > 0 && draw.Chance(computed);
        _inputs.Add(new CaseInput(
            tensor, isCallers ? Origin.Caller : draw.Pick(Origin.Initializer, Origin.Initializer, Origin.Constant, Origin.Computed)));
        return this;
    }

    /// <summary>Adds axes, sizes or the like: as an attribute where the version has it, else as an input.</summary>
    /// <param name="index">The position of the input; those before that are not there yet are left out.</param>
    public CaseBuilder Numbers(string name, long[] values, int index)
    {
        if (schema.HasAttribute(name)) return With(name, values);
        while (_inputs.Count < index) Omit();
        bool isNarrow = schema.Inputs[index].Types.Contains("int32", StringComparison.Ordinal) && draw.Chance(0.3);
        return Parameter(isNarrow
            ? Tensor.Vector<int>([.. values.Select(v => (int)Math.Clamp(v, int.MinValue, int.MaxValue))])
            : Draw.Ints(values), 0.02);
    }

    /// <summary>Leaves an input out.</summary>
    public CaseBuilder Omit()
    {
        _inputs.Add(null);
        return this;
    }

    /// <summary>Adds an attribute, where the version has it.</summary>
    public CaseBuilder With(string name, object value)
    {
        if (schema.HasAttribute(name)) _attributes[name] = value is int number ? (long)number : value;
        return this;
    }

    /// <summary>Adds an attribute half of the time.</summary>
    public CaseBuilder Perhaps(string name, object value) => draw.Chance(0.5) ? With(name, value) : this;

    /// <summary>Says that ONNX Runtime computes something else than ONNX defines: the case is run, but not compared.</summary>
    public CaseBuilder Disputed(bool disputes)
    {
        _isDisputed |= disputes;
        return this;
    }

    /// <summary>
    /// Says by how much outputs may differ beside rounding of floats: where the project leaves out what ONNX Runtime rounds.
    /// </summary>
    public CaseBuilder Slack(double difference)
    {
        _slack = difference;
        return this;
    }

    /// <summary>Leaves outputs out, by their position.</summary>
    public CaseBuilder Unasked(params int[] outputs)
    {
        _unasked = outputs;
        return this;
    }

    /// <summary>Sets the number of outputs.</summary>
    public CaseBuilder Outputs(int count)
    {
        _outputs = count;
        return this;
    }
}
