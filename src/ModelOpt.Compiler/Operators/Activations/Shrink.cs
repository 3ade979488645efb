using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Activations;

/// <summary>x + bias below −lambd, x − bias above lambd, else 0.</summary>
internal sealed class Shrink : MapOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [9];

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override OperatorTraits Traits(Node node) => OperatorTraits.MagnifiesRounding;

    public override void InferShapes(Node node) => node.Define(0, node.CommonType(), node.ShapeOf(0));

    public override void Lower(Lowering context, Node node)
    {
        // Integers are shrunk as floats, and cut back.
        var steps = new LoweringSteps(context, node);
        int[] order = context.OrderOf(node.Input(0));
        TfliteTensor x = steps.Cast(context.Input(node, 0, order), TensorType.Float32), y = context.Output(node, 0, order);
        (float limit, float bias) = Coefficients(node);
        TfliteTensor above = steps.Compare(BuiltinOperator.Greater, x, steps.Scalar(limit, x));
        TfliteTensor below = steps.Compare(BuiltinOperator.Less, x, steps.Scalar(-limit, x));
        TfliteTensor shrunk = steps.Select(above, steps.Subtract(x, steps.Scalar(bias, x)), steps.Scalar(0, x));
        shrunk = steps.Select(below, steps.Add(x, steps.Scalar(bias, x)), shrunk, y.Type == x.Type ? y : null);
        if (shrunk != y) steps.Cast(shrunk, y.Type, y);
    }

    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y)
    {
        (float limit, float bias) = Coefficients(node);
        for (int i = 0; i < x.Length; i++) y[i] = x[i] < -limit ? x[i] + bias : x[i] > limit ? x[i] - bias : 0;
    }

    // Integers are computed in float32, as ONNX Runtime does.
    protected override T Apply<T>(Node node, T x)
    {
        (float limit, float bias) = Coefficients(node);
        double value = typeof(T) == typeof(double) ? double.CreateTruncating(x) : float.CreateTruncating(x);
        double shrunk = value < -limit ? value + bias : value > limit ? value - bias : 0;
        return T.CreateSaturating(typeof(T) == typeof(double) ? shrunk : (float)shrunk);
    }

    private static (float Limit, float Bias) Coefficients(Node node) => (node.Float("lambd", 0.5f), node.Float("bias", 0));
}
