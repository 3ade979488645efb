using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>
/// Recognizes <c>x·HardSigmoid(x)</c> with α = 1/6, and <c>x·Clip(x + 3, 0, 6) / 6</c> in the orders that exporters write,
/// as HardSwish (Howard et al., "Searching for MobileNetV3", 2019). Where a value in between is rounded to a grid, the nodes stay.
/// </summary>
internal sealed class HardSwishFusion : Pass
{
    public override PassPhase Phase => PassPhase.Simplify;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        foreach (Node node in graph.Nodes.ToArray())
        {
            if (node.Type is not ("Mul" or "Div") || Argument(node) is not { Type: ElementType.Float32 } x) continue;
            Value output = node.Output;
            Node hardSwish = new("HardSwish", node.Name, [x], []);
            graph.InsertBefore(node, hardSwish);
            graph.Remove(node);
            hardSwish.AddOutput(output);
            changes++;
        }

        return PassResult.Of(changes);
    }

    /// <summary>The x if a node computes HardSwish(x), else null.</summary>
    private static Value? Argument(Node node)
    {
        if (SixthOf(node) is { } product)
        {
            // (x · Clip(x + 3, 0, 6)) / 6
            return product is { Producer: { Type: "Mul" } mul, Quantization: null } ? Product(mul, IsClipOf) : null;
        }

        // x · HardSigmoid(x), and x · (Clip(x + 3, 0, 6) / 6)
        return node.Type == "Mul"
            ? Product(node, (gate, x) => IsHardSigmoidOf(gate, x)
                || (gate is { Producer: { } p, Quantization: null } && SixthOf(p) is { } clip && IsClipOf(clip, x)))
            : null;
    }

    private static Value? Product(Node mul, Func<Value, Value, bool> isGateOf)
    {
        (Value a, Value b) = (mul.Input(0), mul.Input(1));
        return isGateOf(b, a) ? a : isGateOf(a, b) ? b : null;
    }

    /// <summary>The value that a Div by 6, or a Mul by 1/6, takes a sixth of.</summary>
    private static Value? SixthOf(Node node) => node.Type switch
    {
        "Div" when Scalar(node.Input(1)) == 6 => node.Input(0),
        "Mul" when IsSixth(Scalar(node.Input(1))) => node.Input(0),
        "Mul" when IsSixth(Scalar(node.Input(0))) => node.Input(1),
        _ => null,
    };

    private static bool IsHardSigmoidOf(Value gate, Value x) =>
        gate is { Producer: { Type: "HardSigmoid" } node, Quantization: null } && node.Input(0) == x
        && IsSixth(node.Float("alpha", 0.2f)) && node.Float("beta", 0.5f) == 0.5f;

    private static bool IsClipOf(Value gate, Value x) =>
        gate is { Producer: { Type: "Clip" } clip, Quantization: null } && Scalar(clip.InputOrNull(1)) == 0
        && Scalar(clip.InputOrNull(2)) == 6
        && clip.Input(0) is { Producer: { Type: "Add" } add, Quantization: null }
        && ((add.Input(0) == x && Scalar(add.Input(1)) == 3) || (add.Input(1) == x && Scalar(add.Input(0)) == 3));

    // Exporters write 1/6 with four digits or more.
    private static bool IsSixth(float? value) => value is { } v && MathF.Abs(v - (1f / 6)) < 1e-4f;

    private static float? Scalar(Value? value) =>
        value?.Constant is { Type: ElementType.Float32, Count: 1 } scalar ? scalar.Span<float>()[0] : null;
}
