using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>The difference of two tensors, with broadcasting.</summary>
internal sealed class Sub : BinaryOperator<Sub.Function>
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, EarlyBroadcast.End, 13, 14];

    public override OperatorTraits Traits(Node node) => Additive(node);

    public override bool TakesGrids(IEnumerable<Quantization> inputs, Quantization result) => ArithmeticLowering.KeepsSum(inputs, result);

    protected override Dim Combine(Dim a, Dim b) => a - b;

    public override void Lower(Lowering context, Node node) =>
        ArithmeticLowering.Lower(context, node, BuiltinOperator.Sub);

    internal readonly struct Function : IBinaryFunction
    {
        public static T Apply<T>(T a, T b) where T : unmanaged, INumber<T> => a - b;

        public static (float A, float B) Slopes(float a, float b) => (1, -1);
    }
}
