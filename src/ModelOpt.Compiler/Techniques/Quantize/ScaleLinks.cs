using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>A product of a value with a function of itself that tends to 0 and 1: HardSwish, or x · Sigmoid(x).</summary>
/// <param name="Product">The node that computes it.</param>
/// <param name="Sigmoid">The Sigmoid; null for a HardSwish.</param>
internal sealed record Gate(Value Input, Node Product, Node? Sigmoid);

/// <summary>
/// Which channels (axis 1) can only be scaled by one factor: a union-find over (value, channel). Factors pass through gates, whose
/// functions are then given the unscaled value; through shuffles, Concats and Splits; through products with gates of other branches.
/// Whatever else touches a channel blocks it.
/// </summary>
internal sealed class ScaleLinks
{
    private readonly Dictionary<Value, int> _first = [];
    private readonly List<int> _parents = [];
    private readonly List<bool> _blocked = [];
    private readonly List<Gate> _gates = [];
    private readonly List<Node> _layers = [];
    private readonly HashSet<Node> _done = [];

    /// <summary>Follows the channels of a graph through all its nodes.</summary>
    public ScaleLinks(Graph graph)
    {
        foreach (Value value in graph.Values.Where(v => !v.IsConstant))
        {
            if (value.Shape is not { Rank: >= 2 } shape || shape[1].Size is < 1 or > int.MaxValue) continue;
            _first[value] = _parents.Count;
            _parents.AddRange(Enumerable.Range(_parents.Count, (int)shape[1].Size));
        }

        _blocked.AddRange(new bool[_parents.Count]);
        foreach (Value value in graph.Inputs.Concat(graph.Outputs)) Block(value);
        foreach (Node node in graph.Nodes) Link(graph, node);
    }

    /// <summary>The gates that factors pass through.</summary>
    public IReadOnlyList<Gate> Gates => _gates;

    /// <summary>The layers whose weights take factors of what they read and write.</summary>
    public IReadOnlyList<Node> Layers => _layers;

    /// <summary>How many units there are, those without channels included.</summary>
    public int Units => _parents.Count;

    /// <summary>The values that have channels, in graph order.</summary>
    public IEnumerable<Value> Values => _first.Keys;

    /// <summary>The number of channels of a value; 0 where they are not followed.</summary>
    public int Count(Value value) => _first.ContainsKey(value) ? (int)value.Shape![1].Size : 0;

    /// <summary>The representative of all channels that take the same factor.</summary>
    public int Unit(Value value, int channel) => Root(_first[value] + channel);

    /// <summary>Whether a unit keeps its scale.</summary>
    public bool IsBlocked(int unit) => _blocked[unit];

    private void Link(Graph graph, Node node)
    {
        if (_done.Contains(node)) return;
        if (IsLayer(node)) _layers.Add(node);
        else if (GateOf(node) is { } gate)
        {
            _gates.Add(gate);
            if (gate.Sigmoid is { } sigmoid) _done.UnionWith([sigmoid, gate.Product]);
            Join(gate.Input, gate.Product.Output);
        }
        else if (ShuffleFrom(graph, node) is not { } shuffled) LinkAlong(node);
        else
        {
            _done.UnionWith(shuffled.Nodes);
            for (int c = 0; c < shuffled.From.Length; c++) Join(node.Input(0), shuffled.From[c], shuffled.Nodes[^1].Output, c);
        }
    }

    private static bool IsLayer(Node node) => OutputAffine.IsLayer(node) && !node.Input(0).IsConstant
        && node.Input(1).Consumers.Count == 1 && node.InputOrNull(2) is null or { Consumers.Count: 1 };

    private static Gate? GateOf(Node node) => node switch
    {
        { Type: "HardSwish" } => new(node.Input(0), node, null),
        { Type: "Sigmoid", Output: { Consumers: [{ Type: "Mul", Inputs.Count: 2 } mul] } own }
            when mul.Inputs.Contains(node.Input(0)) && mul.Inputs.Contains(own) => new(node.Input(0), mul, node),
        _ => null,
    };

    /// <summary>A Reshape, a Transpose and a Reshape that only change the order of channels, and the old index of each.</summary>
    private static (Node[] Nodes, int[] From)? ShuffleFrom(Graph graph, Node first)
    {
        if (first is not { Type: "Reshape", Output.Consumers: [{ Type: "Transpose" } middle] }
            || middle.Output.Consumers is not [{ Type: "Reshape" } last]) return null;
        if (graph.IsOutput(first.Output) || graph.IsOutput(middle.Output)) return null;
        if (first.Input(0) is not { Shape: { Rank: 4 } shape } input || last.Output.Shape is not { Rank: 4 } result) return null;
        if (!shape[1].IsKnown || !AxisRoutes.IsSame(shape[1], result[1]) || !last.Input(1).IsConstant) return null;
        if (!shape[2].IsKnown || !shape[3].IsKnown) return null;
        int samples = shape[0].IsKnown ? (int)shape[0].Size : 1;
        int channels = (int)shape[1].Size, plane = (int)(shape[2].Size * shape[3].Size);
        float[] labels = [.. Enumerable.Range(0, samples * channels * plane).Select(i => (float)(i / plane % channels))];
        Tensor tensor = Tensor.Of<float>([samples, channels, (int)shape[2].Size, (int)shape[3].Size], labels);
        Tensor moved = new Interpreter(graph, [last.Output], [input]).Run(tensor)[0];
        if (labels.Length == 0 || moved.Count != labels.Length) return null;
        ReadOnlySpan<float> values = moved.Span<float>();
        var from = new int[channels];
        for (int c = 0; c < channels; c++) from[c] = (int)values[c * plane];
        for (int i = 0; i < values.Length; i++)
            if (values[i] != from[i / plane % channels]) return null;

        return ([first, middle, last], from);
    }

    private void LinkAlong(Node node)
    {
        if (node.Type == "Mul" && ScaledOf(node) is { } scaled)
        {
            Join(scaled, node.Output);
            foreach (Value other in node.Inputs.OfType<Value>().Where(v => v != scaled)) Block(other);
            return;
        }

        HashSet<(Value, int)> followed = [];
        if (Operator.Of(node).Traits(node).HasFlag(OperatorTraits.Homogeneous))
        {
            foreach (AxisRoute route in Operator.Of(node).Axes(node)) Follow(node, route, followed);
        }

        foreach (Value value in node.Inputs.Concat(node.Outputs).OfType<Value>())
        {
            for (int c = 0; c < Count(value); c++)
                if (!followed.Contains((value, c))) _blocked[Unit(value, c)] = true;
        }
    }

    /// <summary>The operand whose factor a product takes: the one of its shape, rather a layer's than a gate's result.</summary>
    private static Value? ScaledOf(Node mul)
    {
        Value[] whole = [.. mul.Inputs.OfType<Value>().Where(v => !v.IsConstant && v.Shape is { } s && s.Equals(mul.Output.Shape))];
        if (whole.Length == 0 || mul.Inputs.Distinct().Count() != mul.Inputs.Count) return null;
        return Array.Find(whole, v => v.Producer is not { Type: "Sigmoid" or "HardSigmoid" or "Tanh" or "Softmax" }) ?? whole[0];
    }

    private void Follow(Node node, AxisRoute route, HashSet<(Value, int)> followed)
    {
        (AxisPlace Place, Value Value)[] places = [.. route.Places
            .Where(p => p.ValueOf(node) is { IsConstant: false }).Select(p => (p, p.ValueOf(node)!))];
        if (Array.Exists(places, p => p.Place.Axis != 1)) return;
        Dictionary<int, (Value Value, int Channel)> first = [];
        foreach ((AxisPlace place, Value value) in places)
        {
            for (int c = 0; c < Count(value); c++)
            {
                if (place.LabelOf(c) is not (>= 0 and var label)) continue;
                followed.Add((value, c));
                if (!first.TryAdd(label, (value, c))) Join(first[label].Value, first[label].Channel, value, c);
            }
        }
    }

    private void Join(Value a, Value b)
    {
        if (Count(a) != Count(b))
        {
            Block(a);
            Block(b);
            return;
        }

        for (int c = 0; c < Count(a); c++) Join(a, c, b, c);
    }

    private void Join(Value a, int channelA, Value b, int channelB)
    {
        (int x, int y) = (Unit(a, channelA), Unit(b, channelB));
        if (x == y) return;
        _parents[Math.Max(x, y)] = Math.Min(x, y);
        _blocked[Math.Min(x, y)] |= _blocked[Math.Max(x, y)];
    }

    private void Block(Value value)
    {
        for (int c = 0; c < Count(value); c++) _blocked[Unit(value, c)] = true;
    }

    private int Root(int channel)
    {
        while (_parents[channel] != channel) channel = _parents[channel] = _parents[_parents[channel]];
        return channel;
    }
}
