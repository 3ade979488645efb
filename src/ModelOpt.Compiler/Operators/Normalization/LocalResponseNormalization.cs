using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Normalization;

/// <summary>
/// x / (bias + alpha/size · Σ x²)^beta, the sum over <c>size</c> neighbouring channels (Krizhevsky et al., 2012).
/// </summary>
internal sealed class LocalResponseNormalization : Operator
{
    // 2^60, whose squares can be added up.
    private const float Furthest = 1L << 60;

    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 13];

    public override string Type => "LRN";

    public override Arity Arity => new(1, 1);

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 1;

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public override IEnumerable<AxisRoute> Axes(Node node) =>
        AxisRoutes.Kept(node, Enumerable.Range(0, node.ShapeOf(0).Rank).Where(a => a != 1 || node.Int("size", 0) == 1));

    public override void InferShapes(Node node)
    {
        ElementType type = node.CommonFloatType();
        Shape x = node.ShapeOf(0);
        node.Axis(1, x.Rank);
        if (node.Int("size", 0) <= 0) throw Diagnostics.GraphDiagnostics.InvalidAttribute.Error(node.Label, "size", "is not positive");
        node.Define(0, type, x);
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0), source = Casting.To(x, ElementType.Float64), y = context.Node.Allocate(ElementType.Float64, x.Dims);
        (long before, long after, double alpha, double beta, double bias) = Settings(context.Node);
        int channels = x.Dims[1], step = DataMovement.Count(x.Dims[2..]);
        ReadOnlySpan<double> from = source.As<double>();
        for (int i = 0; i < from.Length; i++)
        {
            int c = i / step % channels;
            double sum = 0;
            for (long k = Math.Max(0, c - before); k <= Math.Min(channels - 1, c + after); k++)
                sum += from[i + (int)((k - c) * step)] * from[i + (int)((k - c) * step)];
            y.As<double>()[i] = from[i] / Math.Pow(bias + (alpha * sum), beta);
        }

        context.Output = Casting.To(y, x.Type);
    }

    /// <summary>The sums are a product with a matrix of ones along its diagonal, so that a window may have any size.</summary>
    // The sums over its window.
    public override bool WritesWeight(Node node) => true;

    public override bool TakesComputedSizes(Node node) => node.ShapeOf(0)[1].IsKnown;

    public override void Lower(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        int[] order = [.. context.OrderOf(node.Input(0)).Where(a => a != 1), 1];
        (long before, long after, double alpha, double beta, double bias) = Settings(node);
        TfliteTensor x = context.Input(node, 0, order), y = context.Output(node, 0, order);
        // An infinite square times a zero of the matrix would be no number in every channel. What is beyond comes out next to zero.
        x = steps.Binary(
            BuiltinOperator.Maximum, steps.Binary(BuiltinOperator.Minimum, x, steps.Scalar(Furthest, x)), steps.Scalar(-Furthest, x));
        int channels = x.Dims[^1];
        float[] band = new float[channels * channels];
        for (int row = 0; row < channels; row++)
            for (int column = 0; column < channels; column++)
                band[(row * channels) + column] = column >= row - before && column <= row + after ? (float)alpha : 0;
        TfliteTensor sums = Lowering.Temporary(node, x, x.Dims),
            weights = context.Constant("window", Tensor.Of<float>([channels, channels], band));
        context.Emit(
            BuiltinOperator.FullyConnected, [steps.Multiply(x, x), weights, null], [sums],
            new FullyConnectedOptions(ActivationFunction.None, KeepDimensions: true));
        TfliteTensor padded = steps.Add(sums, steps.Scalar((float)bias, sums)), powers = Lowering.Temporary(node, x, x.Dims);
        context.Emit(BuiltinOperator.Pow, [padded, steps.Scalar((float)-beta, padded)], [powers]);
        steps.Multiply(x, powers, y);
    }

    private static (long Before, long After, double Alpha, double Beta, double Bias) Settings(Node node)
    {
        long size = node.Int("size", 1);
        return ((size - 1) / 2, size / 2, node.Float("alpha", 1e-4f) / size, node.Float("beta", 0.75f), node.Float("bias", 1));
    }
}
