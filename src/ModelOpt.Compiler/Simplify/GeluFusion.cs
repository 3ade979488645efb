using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>
/// Recognizes <c>x · 0.5 · (1 + Erf(x / √2))</c>, the factors in any order, as Gelu (Hendrycks and Gimpel, "Gaussian Error Linear Units",
/// 2016). Where a value in between is rounded to a grid or read by others, the nodes stay.
/// </summary>
internal sealed class GeluFusion : Pass
{
    public override PassPhase Phase => PassPhase.Simplify;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        foreach (Node node in graph.Nodes.ToArray())
        {
            if (node.Type is not ("Mul" or "Div") || Argument(graph, node) is not { Type: ElementType.Float32 } x) continue;
            Value output = node.Output;
            Node gelu = new("Gelu", node.Name, [x], []);
            graph.InsertBefore(node, gelu);
            graph.Remove(node);
            gelu.AddOutput(output);
            changes++;
        }

        return PassResult.Of(changes);
    }

    /// <summary>The x if a node computes Gelu(x), else null.</summary>
    private static Value? Argument(Graph graph, Node node)
    {
        float scale = 1;
        List<Value> factors = [];
        Collect(node, 0);
        if (factors is not [var a, var b] || MathF.Abs(scale - 0.5f) > 1e-6f) return null;
        return IsGateOf(b, a) ? a : IsGateOf(a, b) ? b : null;

        void Collect(Node product, int depth)
        {
            bool divides = product.Type == "Div";
            for (int i = 0; i < 2; i++)
            {
                Value factor = product.Input(i);
                if (Scalar(factor) is { } number && !(divides && i == 0)) scale = divides ? scale / number : scale * number;
                else if (depth < 2 && !(divides && i == 1) && IsInner(graph, factor) && factor.Producer is { Type: "Mul" } inner)
                    Collect(inner, depth + 1);
                else factors.Add(divides && i == 1 ? new Value("") : factor);
            }
        }

        bool IsGateOf(Value gate, Value x) =>
            Sum(graph, gate) is { } erf && IsInner(graph, erf) && erf.Producer is { Type: "Erf" } function
            && IsInner(graph, function.Input(0)) && IsRootOfHalf(function.Input(0).Producer!, x);
    }

    /// <summary>What is added to one, or null.</summary>
    private static Value? Sum(Graph graph, Value gate) => !IsInner(graph, gate) || gate.Producer is not { Type: "Add" } add ? null
        : Scalar(add.Input(1)) == 1 ? add.Input(0)
        : Scalar(add.Input(0)) == 1 ? add.Input(1)
        : null;

    private static bool IsRootOfHalf(Node node, Value x) => node.Type switch
    {
        "Div" => node.Input(0) == x && IsNear(Scalar(node.Input(1)), MathF.Sqrt(2)),
        "Mul" => (node.Input(0) == x && IsNear(Scalar(node.Input(1)), MathF.Sqrt(0.5f)))
            || (node.Input(1) == x && IsNear(Scalar(node.Input(0)), MathF.Sqrt(0.5f))),
        _ => false,
    };

    // Exporters write √2 with four digits or more.
    private static bool IsNear(float? value, float expected) => value is { } v && MathF.Abs(v - expected) < 1e-4f;

    /// <summary>Whether a value is computed, by one reader read, and not rounded.</summary>
    private static bool IsInner(Graph graph, Value value) =>
        value is { Producer: not null, Quantization: null, Consumers.Count: 1 } && !graph.IsOutput(value);

    // One of a higher rank than x would widen the result.
    private static float? Scalar(Value value) =>
        value.Constant is { Type: ElementType.Float32, Count: 1, Rank: 0 or 1 } scalar ? scalar.Span<float>()[0] : null;
}
