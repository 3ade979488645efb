using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>The product over axes; of integers, its low bits.</summary>
internal sealed class ReduceProd() : ReduceOperator(BuiltinOperator.ReduceProd)
{
    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public override void InferShapes(Node node)
    {
        node.CommonType();
        IReadOnlyList<Dim>? content = null;
        Shape shape = ReducedAxes.Shape(node);
        // The number of elements of a shape.
        if (shape.Rank <= 1 && node.ShapeOf(0).Rank == 1 && ReducedAxes.Of(node).Length == 1
            && ShapeContents.Of(node.Input(0)) is { } sizes && sizes.All(s => s.Number() is not null))
            content = ShapeContents.Of([sizes.Aggregate(1L, (product, size) => unchecked(product * size.Number()!.Value))]);
        node.Define(0, node.Input(0).Type, shape, content);
    }

    public override void Forward(ForwardContext context) => ReductionSums.Run<Product>(context);

    private readonly struct Product : IFold
    {
        static T IFold.Start<T>() => T.One;

        static T IFold.Add<T>(T sum, T element) => unchecked(sum * element);
    }
}
