using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Finds Sigmoids, Softmaxes and Tanhs that read a grid with steps over which they rise from nothing to all: attention scores to which a
/// mask of −10⁴ is added, or the cell of an LSTM that counts to hundreds. They stay in float, and so do the nodes that bring the wide
/// values to them.
/// </summary>
internal static class SteepFunctions
{
    /// <summary>Why a node is left in float.</summary>
    public const string Reason = "a Sigmoid, Softmax or Tanh reads values so wide that its slope is no more than a few int8 steps";

    // Over a step of one, a Softmax's share changes by a factor of e.
    private const float MostStep = 1;

    private const float Steps = 255;

    /// <summary>Finds them.</summary>
    /// <param name="scheme">The layers to quantize if none stays in float.</param>
    /// <param name="ranges">The range of each activation of the scheme.</param>
    /// <returns>The nodes to leave in float.</returns>
    public static HashSet<Node> Find(QuantizationScheme scheme, Func<Value, ValueRange> ranges)
    {
        HashSet<Node> found = [], quantized = [.. scheme.Nodes];
        HashSet<Value> activations = [.. scheme.Activations];
        foreach (Node function in scheme.Nodes.Where(n => IntegerForm.Prescribed(n) is not null && IsWide(n.Input(0))))
        {
            // A layer writes int8, whoever reads it.
            if (function.Input(0).Producer is { } layer && Operator.Of(layer).Quantization == QuantizationRule.Weighted) continue;
            found.Add(function);
            Follow(function.Input(0));
        }

        return found;

        // A layer sums its own wide result in int32; what it read is as fine as it was.
        void Follow(Value wide)
        {
            if (wide.Producer is not { } node || !quantized.Contains(node) || Operator.Of(node).Quantization == QuantizationRule.Weighted
                || !found.Add(node))
                return;
            foreach (Value source in IntegerForm.Data(node).Where(IsWide)) Follow(source);
        }

        bool IsWide(Value value) => activations.Contains(value) && ranges(value).Width > MostStep * Steps;
    }
}
