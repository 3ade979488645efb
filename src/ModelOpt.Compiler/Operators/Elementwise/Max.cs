using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>The greatest of any number of tensors, element by element, with broadcasting.</summary>
internal sealed class Max() : ExtremeOperator<Max.Function>(BuiltinOperator.Maximum)
{
    protected override Dim Combine(Dim a, Dim b) => Dim.Max(a, b);

    internal readonly struct Function : IBinaryFunction
    {
        public static T Apply<T>(T a, T b) where T : unmanaged, INumber<T> => T.Max(a, b);

        public static (float A, float B) Slopes(float a, float b) => a >= b ? (1, 0) : (0, 1);
    }
}
