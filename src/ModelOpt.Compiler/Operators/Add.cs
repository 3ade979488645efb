using System.Numerics;
using ModelOpt.Compiler.Emit.Tflite;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators;

/// <summary>The sum of two tensors, with broadcasting.</summary>
internal sealed class Add : BinaryOperator<Add.Function>
{
    public override string Type => "Add";

    protected override Dim Combine(Dim a, Dim b) => DimArithmetic.Add(a, b);

    public override void Lower(Lowering context, Node node) =>
        ArithmeticLowering.Lower(context, node, BuiltinOperator.Add, BuiltinOptionsType.Add);

    internal readonly struct Function : IBinaryFunction
    {
        public static T Apply<T>(T a, T b) where T : unmanaged, INumber<T> => a + b;
    }
}
