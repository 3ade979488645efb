namespace ModelOpt.Compiler.Graphs;

/// <summary>An edge of the graph: a tensor that a node produces, the caller feeds, or the model holds.</summary>
internal sealed class Value
{
    private readonly List<Node> _consumers = [];
    private Mask? _mask;
    private Codebook? _codebook;

    /// <summary>Creates a value.</summary>
    /// <param name="type">The element type, if known.</param>
    /// <param name="shape">The shape, if known.</param>
    public Value(string name, ElementType type = ElementType.Undefined, Shape? shape = null)
    {
        Name = name;
        Type = type;
        Shape = shape;
    }

    /// <summary>Creates a constant.</summary>
    public Value(string name, Tensor constant)
        : this(name, constant.Type, constant.Shape) => Constant = constant;

    /// <summary>The name, unique in the graph.</summary>
    public string Name { get; internal set; }

    /// <summary>The element type; float also where <see cref="Quantization"/> says how it is stored.</summary>
    public ElementType Type { get; set; }

    /// <summary>The shape; null where not even the rank is known.</summary>
    public Shape? Shape { get; set; }

    /// <summary>The value, if it is known at compile time.</summary>
    public Tensor? Constant { get; set; }

    /// <summary>How the value is stored as integers; null where it stays as it is.</summary>
    public Quantization? Quantization { get; set; }

    /// <summary>
    /// What a constant weight must satisfy whatever is done to it next; null where it has neither mask nor codebook. Their grid is
    /// <see cref="Quantization"/>, which setting constraints without one leaves as it is.
    /// </summary>
    internal WeightConstraints? Constraints
    {
        get => _mask is null && _codebook is null ? null
            : new(_mask, _codebook, Quantization is { Type: ElementType.Int8 } ? Quantization : null);
        set
        {
            (_mask, _codebook) = (value?.Mask, value?.Codebook);
            if (value?.Grid is not null) Quantization = value.Grid;
        }
    }

    /// <summary>
    /// For integer values that carry shapes: the elements, some perhaps symbolic. Filled by shape inference so that a
    /// Reshape to <c>[N, -1]</c> computed from a Shape is understood.
    /// </summary>
    public IReadOnlyList<Dim>? ShapeContent { get; set; }

    /// <summary>The node that produces it; null for graph inputs and constants.</summary>
    public Node? Producer { get; internal set; }

    /// <summary>The nodes that read it, in no particular order; a node that reads it twice stands there twice.</summary>
    public IReadOnlyList<Node> Consumers => _consumers;

    /// <summary>Whether the value is known at compile time.</summary>
    public bool IsConstant => Constant is not null;

    internal void AddConsumer(Node node) => _consumers.Add(node);

    internal void RemoveConsumer(Node node) => _consumers.Remove(node);

    public override string ToString() => $"{Name}: {Type}{Shape?.ToString() ?? "[…]"}";
}
