using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Finds values that feed only a division by a computed value, or a root, as mean and variance of a normalization do. A step of a grid is
/// any multiple of a number near zero, so divisor and dividend stay unrounded.
/// </summary>
internal static class Divisions
{
    /// <summary>Why a node is left in float.</summary>
    public const string Reason = "it feeds a division or a root, which would multiply its rounding";

    /// <summary>Finds the nodes to leave in float: back to layers with weights and to values that others read too.</summary>
    public static HashSet<Node> Feeding(Graph graph)
    {
        HashSet<Node> feeding = [];
        HashSet<Value> operands = [];
        foreach (Node node in graph.Nodes.Reverse())
        {
            if (Operator.Of(node).Traits(node).HasFlag(OperatorTraits.MagnifiesRounding)) operands.UnionWith(node.Inputs.OfType<Value>());
            Value[] results = [.. node.Outputs.OfType<Value>()];
            if (!Array.Exists(results, operands.Contains) || Operator.Of(node).Quantization == QuantizationRule.Weighted) continue;
            if (results.Any(graph.IsOutput) || results.Any(v => v.Consumers.Any(RunsInIntegers))) continue;
            feeding.Add(node);
            operands.UnionWith(node.Inputs.OfType<Value>());
        }

        return feeding;

        bool RunsInIntegers(Node node) => !feeding.Contains(node) && IntegerForm.WhyNot(node) is null;
    }
}
