using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Tests;

/// <summary>
/// Builds graphs for tests, shapes inferred: <c>var g = new TestGraph(); Value x = g.Input("x", 1, 3, 8, 8);
/// g.Output(g.Add("Relu", x)); Graph graph = g.Build();</c>
/// </summary>
internal sealed class TestGraph
{
    private readonly Graph _graph = new() { Name = "test" };

    /// <summary>A float input; a size of -1 is the batch <c>N</c>.</summary>
    public Value Input(string name, params long[] dims) => Input(name, ElementType.Float32, dims);

    /// <summary>The graph so far.</summary>
    public Graph Graph => _graph;

    /// <summary>An input; a size of -1 is the batch <c>N</c>.</summary>
    public Value Input(string name, ElementType type, params long[] dims)
    {
        var value = new Value(name, type, new Shape(dims.Select(d => d < 0 ? new Dim(-1, "N") : d)));
        _graph.Inputs.Add(value);
        return value;
    }

    /// <summary>A constant.</summary>
    public Value Constant(Tensor tensor, string stem = "c") => _graph.AddConstant(stem, tensor);

    /// <summary>A float vector.</summary>
    public Value Floats(params float[] elements) => Constant(Tensor.Vector<float>(elements));

    /// <summary>A vector of 64-bit integers, for shapes and axes.</summary>
    public Value Longs(params long[] elements) => Constant(Tensor.Vector<long>(elements));

    /// <summary>A float scalar.</summary>
    public Value Scalar(float element) => Constant(Tensor.Scalar(element));

    /// <summary>A float constant of pseudo-random elements in −1…1, the same for the same arguments.</summary>
    public Value Random(int seed, params int[] dims) => Constant(RandomTensor(seed, dims), "w");

    /// <summary>A node with one output.</summary>
    public Value Add(string type, params Value?[] inputs) => Node(type, inputs, 1).Output;

    /// <summary>A node with one output and attributes.</summary>
    public Value Add(string type, Value?[] inputs, params (string Name, object Value)[] attributes) =>
        Node(type, inputs, 1, attributes).Output;

    /// <summary>A node; attributes may be int, int[] and double for long, long[] and float.</summary>
    public Node Node(string type, Value?[] inputs, int outputs, params (string Name, object Value)[] attributes)
    {
        string name = _graph.UniqueName(type);
        var node = new Node(type, name, inputs,
            Enumerable.Range(0, outputs).Select(i => new Value(_graph.UniqueName(outputs == 1 ? $"{name}_out" : $"{name}_out{i}"))));
        foreach ((string attribute, object value) in attributes)
        {
            node.Attributes[attribute] = value switch
            {
                int i => (long)i,
                int[] array => Array.ConvertAll(array, i => (long)i),
                double d => (float)d,
                _ => value,
            };
        }

        return _graph.Add(node);
    }

    /// <summary>Makes a value an output of the graph.</summary>
    public Value Output(Value value)
    {
        _graph.Outputs.Add(value);
        return value;
    }

    /// <summary>The graph, shapes inferred and verified.</summary>
    public Graph Build()
    {
        ShapeInference.Run(_graph);
        GraphVerifier.Verify(_graph, "building");
        return _graph;
    }

    /// <summary>A float tensor of pseudo-random elements in −1…1, the same for the same arguments.</summary>
    public static Tensor RandomTensor(int seed, params int[] dims)
    {
        var random = new Random(seed);
        Tensor tensor = Tensor.Zeros(ElementType.Float32, dims);
        foreach (ref float element in tensor.Span<float>()) element = (random.NextSingle() * 2) - 1;
        return tensor;
    }
}
