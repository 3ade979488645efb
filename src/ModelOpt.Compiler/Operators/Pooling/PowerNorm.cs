using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Reduction;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Pooling;

/// <summary>The norm (Σ|x|ᵖ)^(1/p) that LpPool and GlobalLpPool take of elements; p is an attribute.</summary>
internal static class PowerNorm
{
    /// <summary>The exponent.</summary>
    /// <exception cref="CompilationException">It is less than 1.</exception>
    public static int Exponent(Node node) => node.Int("p", 2) is >= 1 and <= int.MaxValue and var p ? (int)p
        : throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "p", $"is {node.Int("p", 2)}; at least 1 is expected");

    /// <summary>|x|ᵖ of each element.</summary>
    public static double[] Powers(Tensor x, int p)
    {
        double[] powers = Casting.To(x, ElementType.Float64).As<double>().ToArray();
        for (int i = 0; i < powers.Length; i++)
            powers[i] = p == 1 ? Math.Abs(powers[i]) : p == 2 ? powers[i] * powers[i] : Math.Pow(Math.Abs(powers[i]), p);
        return powers;
    }

    /// <summary>The roots of sums, which are infinite where float32 does not hold them, unless all is float64.</summary>
    public static Tensor Roots(double[] sums, int[] dims, int p, ElementType type)
    {
        for (int i = 0; i < sums.Length; i++)
        {
            double sum = ReductionSums.Held(sums[i], type);
            sums[i] = p == 1 ? sum : p == 2 ? Math.Sqrt(sum) : Math.Pow(sum, 1.0 / p);
        }

        return Casting.To(Tensor.Of<double>(dims, sums), type);
    }

    /// <summary>What the gradient of a norm is multiplied by for all of its elements: y^(1 − p).</summary>
    public static double Share(double y, int p) => y == 0 ? 0 : p == 1 ? 1 : p == 2 ? 1 / y : Math.Pow(y, 1 - p);

    /// <summary>What the gradient of a norm is multiplied by for one element: |x|^(p − 1) with the sign of x.</summary>
    public static double Slope(double x, int p) => p == 2 ? x : Math.Sign(x) * Math.Pow(Math.Abs(x), p - 1);

    /// <summary>Writes |x|ᵖ.</summary>
    public static TfliteTensor LowerPowers(LoweringSteps steps, TfliteTensor x, int p) => p switch
    {
        1 => steps.Magnitude(x),
        2 => steps.Multiply(x, x),
        _ => steps.Pair(BuiltinOperator.Pow, steps.Magnitude(x), steps.Scalar(p, x)),
    };

    /// <summary>Writes the roots of sums.</summary>
    public static void LowerRoots(LoweringSteps steps, TfliteTensor sums, int p, TfliteTensor to)
    {
        if (p == 2) steps.Unary(BuiltinOperator.Sqrt, sums, to);
        else steps.Pair(BuiltinOperator.Pow, sums, steps.Scalar(1f / p, sums), to);
    }
}
