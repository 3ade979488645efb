using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Logic;

/// <summary>The bits that x does not have.</summary>
internal sealed class BitwiseNot : MapOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [18];

    public override ElementKinds Takes(Node node) => ElementKinds.Integers;

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override OperatorTraits Traits(Node node) => OperatorTraits.MagnifiesRounding;

    public override void InferShapes(Node node) => node.Define(0, node.CommonType(), node.ShapeOf(0));

    public override void Lower(Lowering context, Node node)
    {
        int[] order = context.OrderOf(node.Input(0));
        TfliteTensor x = context.Input(node, 0, order);
        Tensor ones = Casting.To(x.Rank == 0 ? Tensor.Scalar(-1L) : Tensor.Vector(-1L), node.Output.Type);
        new LoweringSteps(context, node).Pair(
            BuiltinOperator.BitwiseXor, x, context.Constant($"{node.Label}/ones", ones), context.Output(node, 0, order));
    }

    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y) => throw new NotSupportedException();

    // All ones are −1, or the greatest where there are no signs: either way what is left of them is −1 − x.
    protected override T Apply<T>(Node node, T x) => unchecked(T.Zero - T.One - x);
}
