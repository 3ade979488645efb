using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>The greatest of any number of tensors, element by element, with broadcasting.</summary>
internal sealed class Max : BinaryOperator<Max.Function>
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [6, 8, 12, 13];

    public override Arity Arity => new(1, Arity.Any);

    // In TFLite operands and result share one scale, which the graph does not promise.
    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers
        | (node.Inputs.All(i => i is { IsConstant: false }) ? OperatorTraits.Homogeneous : 0);

    protected override Dim Combine(Dim a, Dim b) => Dim.Max(a, b);

    public override void Lower(Lowering context, Node node) =>
        ArithmeticLowering.LowerExtremum(context, node, BuiltinOperator.Maximum);

    internal readonly struct Function : IBinaryFunction
    {
        public static T Apply<T>(T a, T b) where T : unmanaged, INumber<T> => T.Max(a, b);

        public static (float A, float B) Slopes(float a, float b) => a >= b ? (1, 0) : (0, 1);
    }
}
