using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Generation;

/// <summary>A tensor written as an attribute. When a model is read, its output becomes a constant and the node goes.</summary>
internal sealed class Constant : Operator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 9, 11, 12, 13, 19, 21, 23, 24, 25];

    public override Arity Arity => new(0, 0);

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 0;

    public override IEnumerable<AxisRoute> Axes(Node node) => [];

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    /// <summary>The node's constant.</summary>
    public static Tensor Read(Node node)
    {
        object? held = null;
        foreach (string name in (ReadOnlySpan<string>)["value", "value_float", "value_floats", "value_int", "value_ints"])
        {
            if (node.Attributes.TryGetValue(name, out object? attribute)) held = attribute;
        }

        return held switch
        {
            Tensor tensor => tensor,
            float number => Tensor.Scalar(number),
            float[] numbers => Tensor.Vector(numbers),
            long number => Tensor.Scalar(number),
            long[] numbers => Tensor.Vector(numbers),
            _ => throw GraphDiagnostics.UnsupportedForm.Error(
                node.Label, node.Type, "it holds no numbers in dense form"),
        };
    }

    public override void InferShapes(Node node)
    {
        Tensor tensor = Read(node);
        bool isShape = tensor.Type is ElementType.Int32 or ElementType.Int64 && tensor is { Rank: <= 1, Count: < 256 };
        node.Define(0, tensor.Type, tensor.Shape, isShape ? ShapeContents.Of(tensor.ToInt64s()) : null);
    }

    public override void Forward(ForwardContext context) => context.Output = Read(context.Node);

    public override void Lower(Lowering context, Node node) =>
        context.EmitReshape(context.Constant(node.Label, Read(node)), context.Output(node, 0));
}
