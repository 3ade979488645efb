using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Reduction;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Normalization;

/// <summary>x / ‖x‖ along attribute <c>axis</c>, the norm Σ|x| or √Σx² as attribute <c>p</c> says; 0 where the norm is 0.</summary>
internal sealed class LpNormalization : AxisNormalization, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 22];

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public override void InferShapes(Node node)
    {
        base.InferShapes(node);
        if (node.Int("p", 2) is not (1 or 2))
            throw Diagnostics.GraphDiagnostics.InvalidAttribute.Error(node.Label, "p", "is neither 1 nor 2");
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0), source = Casting.To(x, ElementType.Float64), y = context.Node.Allocate(ElementType.Float64, x.Dims);
        int[] targets = ReductionSums.Targets(x, [Axis(context.Node, x.Rank)]);
        double[] norms = Norms(context.Node, source.As<double>(), targets, x.Type);
        for (int i = 0; i < targets.Length; i++)
            y.As<double>()[i] = norms[targets[i]] == 0 ? 0 : source.As<double>()[i] / norms[targets[i]];
        context.Output = Casting.To(y, x.Type);
    }

    /// <summary>dx = (dy − d‖x‖/dx · Σ dy·y) / ‖x‖, with d‖x‖/dx = y for the Euclidean norm and the sign for the other.</summary>
    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), dx = context.Zeros(x.Dims);
        int[] targets = ReductionSums.Targets(x, [Axis(context.Node, x.Rank)]);
        double[] elements = [.. Elements.ToFloats(x)], norms = Norms(context.Node, elements, targets, x.Type),
            sums = new double[norms.Length];
        ReadOnlySpan<float> y = context.Output.As<float>(), dy = context.OutputGradient.As<float>();
        bool isEuclidean = context.Node.Int("p", 2) == 2;
        for (int i = 0; i < targets.Length; i++) sums[targets[i]] += (double)dy[i] * y[i];
        for (int i = 0; i < targets.Length; i++)
        {
            double slope = isEuclidean ? y[i] : Math.Sign(elements[i]), norm = norms[targets[i]];
            dx.As<float>()[i] = norm == 0 ? 0 : (float)((dy[i] - (slope * sums[targets[i]])) / norm);
        }

        context.Gradients[0] = dx;
    }

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        int[] order = context.OrderOf(node.Input(0)), axes = [Array.IndexOf(order, Axis(node, order.Length))];
        TfliteTensor x = context.Input(node, 0, order);
        bool isEuclidean = node.Int("p", 2) == 2;
        TfliteTensor sum = steps.Reduce(BuiltinOperator.Sum, isEuclidean ? steps.Multiply(x, x) : steps.Magnitude(x), axes, keep: true);
        TfliteTensor norm = isEuclidean ? steps.Unary(BuiltinOperator.Sqrt, sum) : sum;
        // Zeros are divided by the least normal number.
        TfliteTensor divisor = steps.Binary(BuiltinOperator.Maximum, norm, steps.Scalar(1.17549435e-38f, norm));
        steps.Binary(BuiltinOperator.Div, x, divisor, context.Output(node, 0, order));
    }

    private static double[] Norms(Node node, ReadOnlySpan<double> x, int[] targets, ElementType type)
    {
        double[] norms = new double[targets.Length == 0 ? 0 : targets.Max() + 1];
        bool isEuclidean = node.Int("p", 2) == 2;
        for (int i = 0; i < targets.Length; i++) norms[targets[i]] += isEuclidean ? x[i] * x[i] : Math.Abs(x[i]);
        norms = Array.ConvertAll(norms, norm => ReductionSums.Held(norm, type));
        return isEuclidean ? Array.ConvertAll(norms, Math.Sqrt) : norms;
    }
}
