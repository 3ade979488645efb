using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>The least of any number of tensors, element by element, with broadcasting.</summary>
internal sealed class Min() : ExtremeOperator<Min.Function>(BuiltinOperator.Minimum)
{
    protected override Dim Combine(Dim a, Dim b) => Dim.Min(a, b);

    internal readonly struct Function : IBinaryFunction
    {
        public static T Apply<T>(T a, T b) where T : unmanaged, INumber<T> => T.Min(a, b);

        public static (float A, float B) Slopes(float a, float b) => a <= b ? (1, 0) : (0, 1);
    }
}
