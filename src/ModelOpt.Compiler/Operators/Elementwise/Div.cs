using System.Numerics;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>The quotient of two tensors, with broadcasting; integers round towards zero.</summary>
internal sealed class Div : BinaryOperator<Div.Function>
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, EarlyBroadcast.End, 13, 14];

    // TFLite divides no int8.
    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override OperatorTraits Traits(Node node) => OperatorTraits.TakesActivation
        | (node.Input(1) is { IsConstant: false, Type: ElementType.Float32 } ? OperatorTraits.MagnifiesRounding : 0);

    protected override Dim Combine(Dim a, Dim b) => Dim.Divide(a, b);

    public override void Forward(ForwardContext context)
    {
        try
        {
            base.Forward(context);
        }
        catch (ArithmeticException e)
        {
            throw new CompilationException(
                GraphDiagnostics.UnsupportedForm.At(null, context.Node.Label, Type, "it divides an integer by zero"), e);
        }
    }

    public override void Lower(Lowering context, Node node) =>
        ArithmeticLowering.Lower(context, node, BuiltinOperator.Div);

    internal readonly struct Function : IBinaryFunction
    {
        public static T Apply<T>(T a, T b) where T : unmanaged, INumber<T> => a / b;

        public static (float A, float B) Slopes(float a, float b) => (1 / b, -a / (b * b));
    }
}
