using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Activations;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Generation;
using ModelOpt.Compiler.Operators.Quantize;
using ModelOpt.Fuzz.Graphs.Shrinking;

namespace ModelOpt.Fuzz.Graphs.Checks;

/// <summary>
/// Runs each node of a QDQ model by itself, in the runtime and in the interpreter, on what ONNX Runtime has at its inputs: the result
/// is ONNX Runtime's, rounded, or one step beside it where that lies halfway between two.
/// </summary>
internal sealed class NodeCheck
{
    // How far from halfway, in steps: sums of float32 differ by their order.
    private const double Halfway = 0.01;
    // How far sums may differ by their order, as a share of the largest number that a node reads: where they cancel, a grid of what is
    // left may be finer.
    private const double OrderOfSums = 1e-6;
    private const int SampleCount = 3;

    private readonly Subject _subject;
    private readonly Graph _graph;
    private readonly Dictionary<string, string> _unrounded;
    private readonly Dictionary<string, string> _rounded = [];

    private NodeCheck(Subject subject)
    {
        _subject = subject;
        _graph = OnnxReader.Read(Google.Protobuf.MessageExtensions.ToByteArray(subject.Model));
        ShapeInference.Run(_graph, useStated: true);
        // A pair that nobody needs was dropped when the model was read.
        ModelProto living = ModelEdits.WithoutDead(subject.Model);
        var sources = living.Graph.Node.Where(n => n.OpType == "QuantizeLinear").ToDictionary(n => n.Output[0], n => n.Input[0]);
        _unrounded = living.Graph.Node.Where(n => n.OpType == "DequantizeLinear" && sources.ContainsKey(n.Input[0]))
            .ToDictionary(n => n.Output[0], n => sources[n.Input[0]]);
        foreach ((string restored, string source) in _unrounded) _rounded[source] = restored;
    }

    /// <summary>Checks all nodes of a model.</summary>
    /// <exception cref="FindingException">One computes something else.</exception>
    public static void Run(Subject subject)
    {
        NodeCheck check = new(subject);
        HashSet<Node> fused = [.. check._graph.Nodes.Select(n => FusedActivation.Of(check._graph, n)).OfType<Node>()];
        foreach (Node node in check._graph.Nodes.Where(n => !fused.Contains(n))) check.Run(node);
    }

    private void Run(Node node)
    {
        Node last = FusedActivation.Of(_graph, node) ?? node;
        Value[] inputs = [.. node.Inputs.OfType<Value>().Where(v => !v.IsConstant).Distinct()];
        Value[] outputs = [.. last.Outputs.OfType<Value>()];
        // Grids of 16 bits are not written: what has them computes in float.
        if (inputs.Concat(outputs).Any(v => v.Quantization is { Type: ElementType.Int16 or ElementType.UInt16 })) return;
        // What reading brought to another form has no counterpart.
        if (outputs.All(o => o.Consumers.Count == 0 && !_graph.IsOutput(o))) return;
        if (inputs.Length == 0 || inputs.Concat(outputs).Any(v => !_subject.Values[0].ContainsKey(v.Name))) return;
        Graph part = Part(node, last, inputs, outputs);
        string name = $"node {node.Type}{(last == node ? "" : $"+{last.Type}")}";
        // What is not written by itself was made another node before: the whole model has been written.
        if (Load(part, name) is not { } runtime) return;
        using RuntimeModel loaded = runtime;
        Interpreter interpreter = new(part) { FakeQuantize = true };
        foreach (Dictionary<string, Tensor> values in _subject.Values.Take(SampleCount))
        {
            Dictionary<string, Tensor> feeds = inputs.ToDictionary(v => v.Name, v => Rounded(values, v));
            double order = OrderOfSums * feeds.Values.Where(t => t.Type == ElementType.Float32).SelectMany(Difference.Numbers)
                .Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max();
            Dictionary<string, Tensor> computed = runtime.Run(feeds);
            IReadOnlyDictionary<string, Tensor> interpreted = interpreter.Run(feeds);
            foreach (Value output in outputs)
            {
                Tensor expected = values[output.Quantization is null
                    ? output.Name
                    : _unrounded.GetValueOrDefault(output.Name, output.Name)];
                if (last.Type == "Sigmoid" && last == node) expected = Sigmoid(feeds[node.Input(0).Name]);
                Compare(expected, computed[output.Name], output, last, $"{name} in the runtime", node, order);
                Compare(expected, interpreted[output.Name], output, last, $"{name} in the interpreter", node, order);
            }
        }
    }

    /// <summary>
    /// 1 / (1 + exp(−x)) in float64: ONNX Runtime's is a rational function plus a half, which has few digits of small results.
    /// </summary>
    private static Tensor Sigmoid(Tensor x) =>
        Tensor.Of<float>(x.Dims, [.. Difference.Numbers(x).Select(v => (float)(1 / (1 + Math.Exp(-v))))]);

    private static RuntimeModel? Load(Graph part, string name)
    {
        try
        {
            return new RuntimeModel(Lowering.Write(part));
        }
        catch (CompilationException)
        {
            return null;
        }
        catch (Runtime.InvalidModelException e)
        {
            throw new FindingException(new Finding(FindingKind.NotLoadable, $"{name} by itself", e.Message));
        }
    }

    /// <summary>A graph of one node, and the activation that is a part of it.</summary>
    private static Graph Part(Node node, Node last, Value[] inputs, Value[] outputs)
    {
        Graph part = new();
        Dictionary<Value, Value> copies = [];
        foreach (Node original in new[] { node, last }.Distinct())
        {
            Node added = part.Add(new Node(original.Type, original.Name, original.Inputs.Select(Copy), original.Outputs.Select(Copy)));
            foreach ((string key, object attribute) in original.Attributes) added.Attributes.Add(key, attribute);
        }

        part.Inputs.AddRange(inputs.Select(v => copies[v]));
        part.Outputs.AddRange(outputs.Select(v => copies[v]));
        return part;

        Value? Copy(Value? value)
        {
            if (value is null) return null;
            if (!copies.TryGetValue(value, out Value? copy))
            {
                copies[value] = copy = new Value(value.Name, value.Type, value.Shape)
                    { Constant = value.Constant, Quantization = value.Quantization, ShapeContent = value.ShapeContent };
            }

            return copy;
        }
    }

    /// <summary>What ONNX Runtime has of a value behind the pair that rounds it.</summary>
    private Tensor Rounded(Dictionary<string, Tensor> values, Value value) =>
        values[value.Quantization is null ? value.Name : _rounded.GetValueOrDefault(value.Name, value.Name)];

    private static Grid? GridOf(Value value) => value.Quantization is { IsPerTensor: true } q && q.Type != ElementType.Float16
        ? Grid.Of(q.Type, q.Scale, q.ZeroPoint) : null;

    private static void Compare(Tensor expected, Tensor actual, Value output, Node last, string check, Node node, double order)
    {
        if (!expected.Dims.SequenceEqual(actual.Dims)) throw Wrong($"{output.Name} is {actual}, expected {expected}");
        if (output.Quantization is { IsPerTensor: false }) return;
        double[] e = Difference.Numbers(expected), a = Difference.Numbers(actual);
        Grid? grid = GridOf(output);
        double largest = e.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max();
        for (int i = 0; i < e.Length; i++)
        {
            if (double.IsInfinity(e[i]) && e[i] == a[i]) continue;
            if (grid is null)
            {
                if (!(Math.Abs(e[i] - a[i]) <= (1e-4 * largest) + 1e-6)) throw Wrong($"{output.Name} [{i}] is {a[i]:R}, expected {e[i]:R}");
                continue;
            }

            double position = Math.Clamp(e[i] / grid.Scale, grid.Min - grid.ZeroPoint, grid.Max - grid.ZeroPoint);
            double step = Math.Round(a[i] / grid.Scale);
            if (!(Math.Abs(position - step) <= 0.5 + Halfway + (order / grid.Scale)))
                throw Wrong($"{output.Name} [{i}] is step {step} of {grid.Scale:R}, expected {position:R}");
        }

        FindingException Wrong(string detail) => new(new Finding(FindingKind.Wrong, check,
            $"{node.Label} ({string.Join(", ", node.Inputs.Select(v => $"{v} {v?.Quantization?.Type} {v?.Quantization?.Scale}"))} -> "
                + $"{last.Output}): {detail}"));
    }
}
