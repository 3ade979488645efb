using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Activations;

/// <summary>The error function, 2/√π · ∫₀ˣ e^−t² dt.</summary>
internal sealed class Erf : UnaryOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [9, 13];

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers;

    public override void InferShapes(Node node) => node.Define(0, node.CommonType(), node.ShapeOf(0));

    public override void Lower(Lowering context, Node node)
    {
        LoweringSteps steps = new(context, node);
        int[] order = context.OrderOf(node.Input(0));
        TfliteTensor x = context.Input(node, 0, order), y = context.Output(node, 0, order);
        if (node.Output.Type.IsFloat())
        {
            steps.Composite(BuiltinOperator.Erf, x, y, Decompose);
            return;
        }

        x = steps.Cast(x, TensorType.Float32);
        TfliteTensor result = Lowering.Temporary(node, x, x.Dims);
        steps.Composite(BuiltinOperator.Erf, x, result, Decompose);
        steps.Cast(result, y.Type, y);
    }

    /// <summary>2 · gelu(t) / t − 1, t = √2 · x: exact to some 10⁻⁷, but not to as many digits near 0.</summary>
    private static TfliteTensor Decompose(LoweringSteps steps, TfliteTensor x)
    {
        TfliteTensor bounded = steps.Binary(BuiltinOperator.Minimum, x, steps.Scalar(6, x));
        bounded = steps.Binary(BuiltinOperator.Maximum, bounded, steps.Scalar(-6, x));
        TfliteTensor isZero = steps.Compare(BuiltinOperator.Equal, bounded, steps.Scalar(0, x));
        TfliteTensor t = steps.Multiply(steps.Select(isZero, steps.Scalar(1e-20f, x), bounded), steps.Scalar(MathF.Sqrt(2), x));
        TfliteTensor gelu = steps.Unary(BuiltinOperator.Gelu, t, null, new GeluOptions(false));
        TfliteTensor ratio = steps.Binary(BuiltinOperator.Div, steps.Add(gelu, gelu), t);
        return steps.Subtract(ratio, steps.Scalar(1, x));
    }

    /// <summary>The function in double precision.</summary>
    public static double Of(double x)
    {
        if (!(Math.Abs(x) < 6)) return double.IsNaN(x) ? x : Math.Sign(x);
        // e^−x² · Σ 2ⁿ x²ⁿ⁺¹ / (1 · 3 · … · (2n + 1)): terms of one sign, so nothing cancels.
        double term = x, sum = x;
        for (int n = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum); n++) sum += term *= 2 * x * x / ((2 * n) + 1);
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y) => MathF32.Erf(x, y);

    // Of integers it rounds to float32 first, which is 1 from 4 on.
    protected override T Apply<T>(Node node, T x)
    {
        double y = Of(double.CreateTruncating(x));
        return T.CreateSaturating(typeof(T) == typeof(double) ? y : (float)y);
    }

    protected override void Gradient(
        Node node, ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        float factor = 2 / MathF.Sqrt(MathF.PI);
        for (int i = 0; i < dx.Length; i++) dx[i] = dy[i] * factor * MathF32.Exp(-x[i] * x[i]);
    }
}
