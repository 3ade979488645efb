using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Logic;

/// <summary>Whether x does not hold.</summary>
internal sealed class Not : MapOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1];

    public override ElementKinds Takes(Node node) => ElementKinds.Bools;

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override OperatorTraits Traits(Node node) => OperatorTraits.MagnifiesRounding;

    public override void InferShapes(Node node) => node.Define(0, node.CommonType(), node.ShapeOf(0));

    public override void Lower(Lowering context, Node node) => LowerElements(context, node, BuiltinOperator.LogicalNot);

    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y) => throw new NotSupportedException();

    protected override T Apply<T>(Node node, T x) => T.IsZero(x) ? T.One : T.Zero;
}
