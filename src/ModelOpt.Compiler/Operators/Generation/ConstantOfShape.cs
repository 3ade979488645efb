using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Generation;

/// <summary>A tensor of the shape in input 0, every element the one of <c>value</c> (0 in float32 where absent).</summary>
internal sealed class ConstantOfShape : Operator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [9, 20, 21, 23, 24, 25];

    public override Arity Arity => new(1, 1);

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 0;

    public override IEnumerable<AxisRoute> Axes(Node node) => [];

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public override void InferShapes(Node node)
    {
        Tensor element = Element(node);
        IReadOnlyList<Dim>? sizes = ShapeContents.Of(node.Input(0));
        if (sizes is not null && sizes.Any(s => s.Number() < 0))
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, "a size is negative");
        Shape? shape = ShapeContents.Shape(node.Input(0));
        bool carries = element.Type is ElementType.Int32 or ElementType.Int64 && shape is [{ IsKnown: true, Size: < 64 }];
        node.Define(0, element.Type, shape, !carries ? null
            : [.. Enumerable.Repeat(Dim.Literal(element.ToInt64s()[0]), (int)shape![0].Size)]);
    }

    public override void Forward(ForwardContext context)
    {
        long[] sizes = context.Node.Ints(context.Input(0), "input");
        if (sizes.Any(s => s is < 0 or > int.MaxValue))
            throw GraphDiagnostics.ShapeMismatch.Error(context.Node.Label, "a size is negative or too large");
        int[] dims = Array.ConvertAll(sizes, s => (int)s);
        context.Output = DataMovement.View(context.Node, Element(context.Node), dims, new int[dims.Length], 0);
    }

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        Shape shape = node.Output.Shape ?? throw Unknown(node);
        if (shape.ToSizes() is { } dims)
        {
            context.EmitReshape(context.Constant(node.Label, Lowering.Filled(node, Element(node), dims)), context.Output(node, 0));
            return;
        }

        if (context.IsOpen(node.Output))
        {
            TfliteTensor sizes = Lowering.IsComputed(node.Output)
                ? new LoweringSteps(context, node).Bounded(context.Input(node, 0)) : new SizeSteps(context, node).Vector(shape);
            Tensor element = Element(node);
            TfliteTensor value = context.Constant(node.Label, element.Reshape([]));
            context.Emit(BuiltinOperator.Fill, [sizes, value], [context.Output(node, 0)]);
            return;
        }

        int open = shape.ToList().FindIndex(d => !d.IsKnown);
        if (shape.Count(d => !d.IsKnown) > 1) throw Unknown(node);
        Tensor sample = Lowering.Filled(node, Element(node), [.. shape.Select(d => d.IsKnown ? (int)d.Size : 1)]);
        TfliteTensor one = context.Constant(node.Label, sample);
        TfliteTensor zeros = context.OpenZeros(node, shape[open], one.Type, shape.Rank, open) ?? throw Unknown(node);
        new LoweringSteps(context, node).Add(zeros, one, context.Output(node, 0));
    }

    private static CompilationException Unknown(Node node) => EmitDiagnostics.UnsupportedForm.Error(
        node.Label, node.Type, $"its output {node.Output.Shape} has a size that is known only when the model runs");

    private static Tensor Element(Node node) => node.Attributes.TryGetValue("value", out object? value)
        ? value is Tensor { Count: 1 } element ? element
            : throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "value", "is not a tensor of one element")
        : Tensor.Scalar(0f);
}
