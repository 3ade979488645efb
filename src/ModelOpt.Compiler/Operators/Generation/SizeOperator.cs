using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Generation;

/// <summary>The number of elements, as int64.</summary>
internal sealed class SizeOperator : Operator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 13, 19, 21, 23, 24, 25];

    public override string Type => "Size";

    public override Arity Arity => new(1, 1);

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 1;

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public override IEnumerable<AxisRoute> Axes(Node node) => [];

    public override void InferShapes(Node node) =>
        node.Define(0, ElementType.Int64, new Shape(Array.Empty<Dim>()), [Dim.Product(node.ShapeOf(0))]);

    public override void Forward(ForwardContext context) => context.Output = Tensor.Scalar((long)context.Input(0).Count);

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        if (ShapeContents.Tensor(node.Output) is { } known)
        {
            context.EmitReshape(context.Constant(node.Label, known), context.Output(node, 0));
            return;
        }

        int[] order = context.OrderOf(node.Input(0));
        TfliteTensor sizes = Lowering.Temporary(node, TensorType.Int64, [order.Length]);
        context.Emit(BuiltinOperator.Shape, [context.Input(node, 0, order)], [sizes], new ShapeOptions(TensorType.Int64));
        new LoweringSteps(context, node).Reduce(BuiltinOperator.ReduceProd, sizes, [0], keep: false, context.Output(node, 0));
    }
}
