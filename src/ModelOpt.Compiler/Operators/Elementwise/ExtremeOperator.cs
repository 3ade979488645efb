using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>The greatest or the least of any number of tensors, element by element, with broadcasting.</summary>
internal abstract class ExtremeOperator<TFunction>(BuiltinOperator builtin) : BinaryOperator<TFunction>
    where TFunction : struct, IBinaryFunction
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, 8, 12, 13];

    public override Arity Arity => new(1, Arity.Any);

    // In TFLite operands and result share one scale, which the graph does not promise.
    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers
        | (node.Inputs.All(i => i is { IsConstant: false }) ? OperatorTraits.Homogeneous : 0);

    public override void Lower(Lowering context, Node node) => ArithmeticLowering.LowerExtremum(context, node, builtin);
}
