using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Activations;

/// <summary>The error function, 2/√π · ∫₀ˣ e^−t² dt.</summary>
internal sealed class Erf : UnaryOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [9, 13];

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers;

    public override void InferShapes(Node node) => node.Define(0, node.CommonType(), node.ShapeOf(0));

    public override void Lower(Lowering context, Node node) => LowerAsFloat(context, node, BuiltinOperator.Erf);

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
