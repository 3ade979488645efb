using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;

namespace ModelOpt.Compiler.Compile;

/// <summary>
/// Compares every value that the TFLite file stores with what ONNX defines for it: each node of the QDQ form computes in float on the
/// inputs that the runtime had. So the first value that differs is the fault, and rounding that differs by a step does not add up.
/// </summary>
/// <param name="stored">What the runtime computed.</param>
/// <param name="steps">
/// The step of the grid that a value is rounded to in the TFLite file, by name: of two grids in a row the .onnx has one.
/// </param>
/// <param name="graph">The QDQ form, whose pairs are nodes.</param>
/// <param name="source">The graph that both files are written from. ONNX has no layers that round when they run.</param>
internal sealed class ValueComparison(
    StoredValues stored, IReadOnlyDictionary<string, float> steps, Graph graph, Graph source)
{
    // What is left of sums that cancel is a far smaller share of their terms; a step of a function that jumps is a far larger one.
    private const double MostOfInputs = 1e-4;

    // Tensors of inputs, and names of what is stored: its tensors together may be large.
    private readonly Dictionary<Value, Tensor> _inputs = [];
    private readonly Dictionary<Value, string> _known = [];
    private readonly HashSet<string> _compared = new(StringComparer.Ordinal);

    private readonly Dictionary<string, Value> _rounding = source.Nodes.Where(n => n.RoundsAtRun).SelectMany(n => n.Outputs)
        .OfType<Value>().ToDictionary(v => v.Name, StringComparer.Ordinal);

    /// <summary>The names of the stored values that were compared so far.</summary>
    public IReadOnlySet<string> Compared => _compared;

    /// <summary>Compares a value, and returns the value that its readers continue with.</summary>
    /// <param name="value">A value of the QDQ form, whose pairs are nodes.</param>
    /// <exception cref="CompilationException">The runtime computed something else.</exception>
    public Tensor Visit(Value value, Tensor expected)
    {
        if (value.Producer is null) _inputs[value] = expected;
        (string name, Node? pair) = Pair(value);
        // What the file stores rounded is compared behind its pair.
        if (pair is null && steps.ContainsKey(value.Name) && value.Consumers.Any(n => n.Type == "QuantizeLinear")) return expected;
        if (stored.Find(name) is not { } actual) return expected;
        if (_rounding.GetValueOrDefault(name) is { } rounding) expected = Rounded(rounding);
        _compared.Add(name);
        float step = pair?.Input(1).Constant is { Count: 1 } scale ? scale.Span<float>()[0] : 0;
        step = Math.Max(step, steps.GetValueOrDefault(name));
        Value computed = pair?.Input(0) ?? value;
        if (TensorDifference.Find(expected, actual, step) is not null && !ReadsNaN(value)
            && TensorDifference.Find(expected, actual, step, Rounding(computed)) is { } difference)
            throw VerificationDiagnostics.WrongValue.Error(computed.Producer?.Label ?? name, name, difference);
        _known[value] = name;
        return actual;
    }

    /// <summary>An output of a layer that rounds when it runs, by the operator's definition, of the inputs that the runtime had.</summary>
    private Tensor Rounded(Value value)
    {
        HashSet<Value> seen = [];
        Dictionary<Value, Tensor> inputs = [];
        Stack<Value> open = new(value.Producer!.Inputs.OfType<Value>());
        while (open.TryPop(out Value? next))
        {
            if (next.IsConstant || !seen.Add(next)) continue;
            if (stored.Find(next.Name) is { } known) inputs[next] = known;
            else if (next.Producer is null) inputs[next] = _inputs.First(i => i.Key.Name == next.Name).Value;
            else foreach (Value input in next.Producer.Inputs.OfType<Value>()) open.Push(input);
        }

        return new Interpreter(source, [value], inputs.Keys) { FakeQuantize = true, Reuses = true }.Run([.. inputs.Values])[0];
    }

    /// <summary>
    /// How far rounding alone may move a value: the mean of normalized numbers is zero but for rounding, which is large only beside that.
    /// </summary>
    private double Rounding(Value value)
    {
        if (value.Producer is null) return 0;
        HashSet<Value> seen = [], inputs = [];
        Stack<Value> open = new([value]);
        while (open.TryPop(out Value? next))
        {
            if (next.IsConstant || !seen.Add(next)) continue;
            if (next != value && (_inputs.ContainsKey(next) || _known.ContainsKey(next))) inputs.Add(next);
            else if (next.Producer is { } node)
            {
                foreach (Value input in node.Inputs.OfType<Value>()) open.Push(input);
            }
        }

        Interpreter interpreter = new(graph, [value], inputs) { Reuses = true };
        Tensor[] tensors = [.. inputs.Select(v => _known.TryGetValue(v, out string? name) ? stored.Find(name)! : _inputs[v])];
        double change = TensorDifference.Largest(
            interpreter.Run(tensors)[0], interpreter.Run([.. tensors.Select(TensorDifference.Nudged)])[0]);
        double largest = tensors.Where(t => t.Type.IsFloat()).SelectMany(Elements.ToFloats).Where(float.IsFinite).Select(Math.Abs)
            .DefaultIfEmpty().Max();
        return Math.Min(TensorDifference.Nudges * change, MostOfInputs * largest);
    }

    /// <summary>Whether a value is made of what is not a number: ONNX leaves open what a maximum or a rounding makes of that.</summary>
    private bool ReadsNaN(Value value) =>
        value.Producer?.Inputs.Any(v => v is not null && HasNaN(v.Constant ?? stored.Find(v.Name))) == true;

    private static bool HasNaN(Tensor? tensor) =>
        tensor is not null && tensor.Type.IsFloat() && Array.Exists(Elements.ToFloats(tensor), float.IsNaN);

    /// <summary>The value's name in the TFLite file, and the QuantizeLinear of the pair that rounds it.</summary>
    private (string Name, Node? Pair) Pair(Value value)
    {
        // A Cast makes the output that the caller gets in another float type.
        Node? last = value is { Producer: { Type: "Cast" } cast, Type: ElementType.Float16 or ElementType.Float64 }
            ? cast.Input(0).Producer : value.Producer;
        if (last is not { Type: "DequantizeLinear" } restore || restore.Input(0).Producer is not { Type: "QuantizeLinear" } pair)
            return (value.Name, null);
        // An input that is an output, too, comes back as it was given, not rounded.
        bool isRounded = stored.Has(value.Name) || pair.Input(0).Producer is null;
        return (isRounded ? value.Name : pair.Input(0).Name, pair);
    }
}
