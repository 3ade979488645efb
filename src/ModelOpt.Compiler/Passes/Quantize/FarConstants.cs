using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators;

namespace ModelOpt.Compiler.Passes.Quantize;

/// <summary>
/// Finds where a constant lies so far from what is computed that a grid of both has no step left for the latter, as a mask of
/// −10⁹ that is added to attention scores, or what a Pad fills a border with so that it is never the largest. Such a node stays in
/// float with what reads its result, until the constant has no effect on the range: behind a Softmax, a Relu or a maximum.
/// </summary>
internal static class FarConstants
{
    /// <summary>Why a node is left in float.</summary>
    public const string Reason = "a constant is so large that int8 has no step left for what is computed";

    // The lowest float, which often stands for infinity, times three is infinite.
    private const float Endless = float.MaxValue / 1024;

    // All that is computed lies within one step.
    private const float Steps = 255;

    /// <summary>Finds the nodes that write or read values that a constant makes infinite, or next to: such a value has no range.</summary>
    /// <param name="graph">The graph, simplified.</param>
    public static HashSet<Node> Infinite(Graph graph)
    {
        HashSet<Node> found = [];
        HashSet<Value> infinite = [];
        foreach (Node node in graph.Nodes.Where(n => Operator.Of(n).Quantization != QuantizationRule.Weighted || n.Inputs.OfType<Value>().Any(infinite.Contains)))
        {
            if (!Constants(node).Any(IsInfinite) && !node.Inputs.OfType<Value>().Any(infinite.Contains)) continue;
            found.Add(node);
            if (!IsBounded(node)) infinite.UnionWith(IntegerForm.Results(graph, node));
        }

        return found;
    }

    /// <summary>Finds the nodes with a finite constant that lies too far away.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="scheme">What is quantized where none is left in float.</param>
    /// <param name="ranges">The range of all that each activation of the scheme was.</param>
    public static HashSet<Node> Find(Graph graph, QuantizationScheme scheme, Func<Value, ValueRange> ranges)
    {
        HashSet<Node> found = [];
        // What the computed part of a value with a far constant spans.
        Dictionary<Value, float> near = [];
        foreach (Node node in scheme.Nodes)
        {
            Value[] data = [.. IntegerForm.Data(node).Where(v => !v.IsConstant)], results = [.. IntegerForm.Results(graph, node)];
            bool reads = Array.Exists(data, near.ContainsKey);
            float span = data.Max(v => near.TryGetValue(v, out float part) ? part : Width(v));
            bool isFar = (reads || Stretches(node)) && span > 0 && IntegerForm.Prescribed(node) is null
                && results.Any(v => Width(v) > Steps * span);
            if (!reads && !isFar) continue;
            found.Add(node);
            if (!isFar) continue;
            foreach (Value result in results) near[result] = span;
        }

        return found;

        float Width(Value value)
        {
            ValueRange range = ranges(value);
            return range.Max - range.Min;
        }
    }

    /// <summary>Whether a constant of a node puts numbers into its result that nothing computes; a factor makes all of it larger.</summary>
    private static bool Stretches(Node node) =>
        node.Type is "Add" or "Sub" or "Max" or "Min" or "Pad" && Constants(node).Any();

    private static bool IsBounded(Node node) =>
        node.Type is "Softmax" or "Sigmoid" or "HardSigmoid" or "Tanh" or "Exp" or "Relu" or "Clip" or "Max" or "Min" or "MaxPool";

    /// <summary>The constants among what a node computes with, or fills with.</summary>
    private static IEnumerable<Tensor> Constants(Node node) =>
        IntegerForm.Data(node).Append(node.Type == "Pad" ? node.InputOrNull(2) : null)
            .Select(v => v?.Constant).OfType<Tensor>().Where(c => c.Type == ElementType.Float32);

    private static bool IsInfinite(Tensor constant)
    {
        bool any = false;
        foreach (float value in constant.Span<float>())
        {
            if (float.IsNaN(value)) return false;
            any |= MathF.Abs(value) >= Endless;
        }

        return any;
    }
}
