using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Generation;

/// <summary>A matrix of the input's sizes, with ones on its <c>k</c>-th diagonal.</summary>
internal sealed class EyeLike : KnownOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [9, 22];

    public override Arity Arity => new(1, 1);

    public override void InferShapes(Node node)
    {
        if (node.ShapeOf(0).Rank != 2) throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"{node.ShapeOf(0)} is no matrix");
        node.Define(0, TypeOf(node, node.Input(0).Type), node.ShapeOf(0));
    }

    public override void Forward(ForwardContext context) =>
        context.Output = Eye(context.Node, TypeOf(context.Node, context.Input(0).Type), [.. context.Input(0).Dims]);

    protected override Tensor Result(Node node) => Eye(node, node.Output.Type, node.ShapeOf(0).ToSizes()
        ?? throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Output.Name, node.ShapeOf(0)));

    public override bool TakesComputedSizes(Node node) => true;

    /// <summary>Where sizes are open, a one stands where a column is as far from its row as the diagonal.</summary>
    public override void Lower(Lowering context, Node node)
    {
        TfliteTensor y = context.Output(node, 0);
        if (!context.IsOpen(node.Output) || y.OpenAxis >= 0)
        {
            base.Lower(context, node);
            return;
        }

        var steps = new LoweringSteps(context, node);
        var sizes = new SizeSteps(context, node);
        Shape shape = node.Output.Shape!;
        TfliteTensor rows = sizes.Reshape(sizes.Range(shape[0]), [shape[0], 1]);
        TfliteTensor distance = steps.Subtract(sizes.Reshape(sizes.Range(shape[1]), [1, shape[1]]), rows);
        int diagonal = (int)Math.Clamp(node.Int("k", 0), -int.MaxValue, int.MaxValue);
        steps.Cast(steps.Compare(BuiltinOperator.Equal, distance, steps.Ints(diagonal)), y.Type, y);
    }

    private static Tensor Eye(Node node, ElementType type, int[] dims)
    {
        Tensor eye = node.Allocate(ElementType.Float32, dims);
        long shift = node.Int("k", 0);
        for (int row = 0; row < dims[0]; row++)
            if (row + shift >= 0 && row + shift < dims[1]) eye.As<float>()[(int)((row * (long)dims[1]) + row + shift)] = 1;
        return Casting.To(eye, type);
    }

    private static ElementType TypeOf(Node node, ElementType input) =>
        node.Int("dtype", 0) switch
    {
        0 => input,
        var type when Enum.IsDefined((ElementType)type) => (ElementType)type,
        var type => throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "dtype", $"is {type}"),
    };
}
