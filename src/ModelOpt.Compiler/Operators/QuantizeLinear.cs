using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Emit.Tflite;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;

namespace ModelOpt.Compiler.Operators;

/// <summary>
/// Rounds to integers: clamp(rint(x / scale) + zeroPoint), per tensor or along <c>axis</c>. Stays a node only where the
/// pair with a DequantizeLinear could not be folded into an annotation.
/// </summary>
internal sealed class QuantizeLinear : Operator
{
    public override string Type => "QuantizeLinear";

    public override void Normalize(Graph graph, Node node, int opset)
    {
        var wanted = (ElementType)node.Int("output_dtype", 0);
        node.Attributes.Remove("output_dtype");
        node.Attributes.Remove("saturate");
        node.Attributes.Remove("precision");
        if (node.InputOrNull(2) is not null || wanted is ElementType.Undefined or ElementType.UInt8) return;
        if (!LinearGrid.Holds(wanted))
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, $"it quantizes to {wanted}");
        node.SetInput(2, graph.AddConstant($"{node.Label}_zero_point", Tensor.Zeros(wanted, [])));
    }

    public override void InferShapes(Node node) =>
        node.Define(0, node.InputOrNull(2)?.Type ?? ElementType.UInt8, node.ShapeOf(0));

    public override void Forward(ForwardContext context)
    {
        Tensor real = Casting.To(context.Input(0), ElementType.Float32);
        var grid = new LinearGrid(context.Node, real.Dims, context.Input(1), context.InputOrNull(2));
        (long low, long high) = QuantizationMath.Range(grid.Type);
        var result = new int[real.Count];
        ReadOnlySpan<float> x = real.Span<float>();
        for (int i = 0; i < result.Length; i++)
        {
            (float scale, int zero) = grid.At(i);
            double q = Math.Round((double)(x[i] / scale)) + zero;
            result[i] = double.IsNaN(q) ? zero : (int)Math.Clamp(q, low, high);
        }

        context.Output = Casting.To(Tensor.Of<int>(real.Dims, result), grid.Type);
    }

    public override void Lower(Lowering context, Node node) => throw LinearGrid.NotFolded(node);
}
