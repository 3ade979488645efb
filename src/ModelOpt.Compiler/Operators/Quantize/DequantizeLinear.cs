using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Elementwise;

namespace ModelOpt.Compiler.Operators.Quantize;

/// <summary>
/// Integers to floats: (q − zeroPoint) · scale, per tensor, along <c>axis</c> or in blocks along it. Stays a node where its
/// integers are not those of the pair with a QuantizeLinear, or no annotation says the same.
/// </summary>
internal sealed class DequantizeLinear : LinearGridOperator
{
    public override int MinimumOpset(Node node) =>
        LinearGrid.RestoredType(node) == node.Input(1).Type ? LinearGrid.MinimumOpset(node, node.Input(0).Type) : 23;

    public override void Downgrade(Node node, int opset, List<Value?> inputs, IDictionary<string, object> attributes)
    {
        if (LinearGrid.RestoredType(node) == node.Input(1).Type) attributes.Remove("output_dtype");
    }

    public override void InferShapes(Node node)
    {
        LinearGrid.CheckTypes(node, node.Input(0).Type);
        ElementType type = LinearGrid.RestoredType(node);
        if (!type.IsFloat()) throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, $"it dequantizes to {type}");
        node.Define(0, type, node.ShapeOf(0));
    }

    public override void Forward(ForwardContext context)
    {
        Tensor stored = context.Input(0);
        var grid = new LinearGrid(context.Node, stored.Dims, context.Input(1), context.InputOrNull(2));
        var result = new float[stored.Count];
        ReadOnlySpan<int> q = Casting.To(stored, ElementType.Int32).Span<int>();
        for (int i = 0; i < result.Length; i++)
        {
            (float scale, int zero) = grid.At(i);
            result[i] = (float)((long)q[i] - zero) * scale;
        }

        context.Output = Casting.To(Tensor.Of<float>(stored.Dims, result), LinearGrid.RestoredType(context.Node));
    }

    public override void Lower(Lowering context, Node node)
    {
        if (!context.TryStoredInput(node)) LinearGridLowering.Dequantize(context, node);
    }
}
