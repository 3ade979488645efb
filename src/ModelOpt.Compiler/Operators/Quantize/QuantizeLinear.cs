using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Elementwise;

namespace ModelOpt.Compiler.Operators.Quantize;

/// <summary>
/// Rounds to integers: clamp(rint(x / scale) + zeroPoint), per tensor, along <c>axis</c> or in blocks along it. Stays a node
/// where integers are asked for, and where no annotation says the same as the pair with a DequantizeLinear.
/// </summary>
internal sealed class QuantizeLinear : LinearGridOperator
{
    public override int MinimumOpset(Node node) =>
        node.Int("output_dtype", 0) != 0 ? 21 : LinearGrid.MinimumOpset(node, LinearGrid.StoredType(node));

    public override void Normalize(Graph graph, Node node)
    {
        node.Attributes.Remove("saturate");
        node.Attributes.Remove("precision");
        if (node.InputOrNull(2) is not null || (ElementType)node.Int("output_dtype", 0) is ElementType.Undefined or ElementType.UInt8)
            node.Attributes.Remove("output_dtype");
    }

    public override void InferShapes(Node node)
    {
        ElementType type = LinearGrid.StoredType(node);
        LinearGrid.CheckTypes(node, type);
        if (!node.Input(0).Type.IsFloat() && node.Input(0).Type != ElementType.Int32)
            throw GraphDiagnostics.TypeMismatch.Error(node.Label, $"input 0 is {node.Input(0).Type}, neither a floating-point type nor "
                + "Int32");
        node.Define(0, type, node.ShapeOf(0));
    }

    public override void Forward(ForwardContext context)
    {
        Tensor real = Casting.To(context.Input(0), ElementType.Float32);
        var grid = new LinearGrid(context.Node, real.Dims, context.Input(1), context.InputOrNull(2));
        ElementType type = LinearGrid.StoredType(context.Node);
        (long low, long high) = QuantizationMath.Range(type);
        var result = new int[real.Count];
        ReadOnlySpan<float> x = real.Span<float>();
        for (int i = 0; i < result.Length; i++)
        {
            (float scale, int zero) = grid.At(i);
            double q = Math.Round((double)(x[i] / scale)) + zero;
            result[i] = double.IsNaN(q) ? zero : (int)Math.Clamp(q, low, high);
        }

        context.Output = Casting.To(Tensor.Of<int>(real.Dims, result), type);
    }

    public override void Lower(Lowering context, Node node)
    {
        if (!context.TryStoredOutput(node)) LinearGridLowering.Quantize(context, node);
    }
}
