using ModelOpt.Compiler.Emit.Tflite;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;

namespace ModelOpt.Compiler.Operators;

/// <summary>
/// Integers to floats: (q − zeroPoint) · scale, per tensor or along <c>axis</c>. Stays a node only where the pair with a
/// QuantizeLinear could not be folded into an annotation.
/// </summary>
internal sealed class DequantizeLinear : Operator
{
    public override string Type => "DequantizeLinear";

    public override void InferShapes(Node node) => node.Define(0, node.Input(1).Type, node.ShapeOf(0));

    public override void Forward(ForwardContext context)
    {
        Tensor stored = context.Input(0);
        Tensor zeroPoints = context.InputOrNull(2) ?? Tensor.Zeros(stored.Type, context.Input(1).Dims);
        var grid = new LinearGrid(context.Node, stored.Dims, context.Input(1), zeroPoints);
        var result = new float[stored.Count];
        ReadOnlySpan<int> q = Casting.To(stored, ElementType.Int32).Span<int>();
        for (int i = 0; i < result.Length; i++)
        {
            (float scale, int zero) = grid.At(i);
            result[i] = (float)((long)q[i] - zero) * scale;
        }

        context.Output = Casting.To(Tensor.Of<float>(stored.Dims, result), context.Input(1).Type);
    }

    public override void Lower(Lowering context, Node node) => throw LinearGrid.NotFolded(node);
}
