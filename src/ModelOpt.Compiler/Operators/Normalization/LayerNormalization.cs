using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Reduction;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Normalization;

/// <summary>
/// x̂ = (x − mean) / √(var + epsilon), y = x̂ · Scale + B, with mean and variance over the axes from <c>axis</c> on (Ba et al., 2016); the
/// mean and 1 / √(var + epsilon) are further outputs.
/// </summary>
internal sealed class LayerNormalization : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [17];

    // ONNX Runtime's optimizer wrote it before ONNX had it, in the same form.
    protected override Action<Node>? Experimental => static _ => { };

    public override Arity Arity => new(2, 3, 3);

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 1;

    public override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Kept(
        node, Enumerable.Range(0, Axis(node, node.ShapeOf(0).Rank)));

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public override int MinimumOpset(Node node) => 17;

    public override void InferShapes(Node node)
    {
        ElementType type = node.CommonFloatType(1, 2);
        Shape x = node.ShapeOf(0);
        int axis = Axis(node, x.Rank);
        var normalized = new Shape(x.Skip(axis));
        for (int i = 1; i <= 2; i++)
        {
            if (node.InputOrNull(i)?.Shape is { } shape && Broadcasting.Combine(node, normalized, shape) is var both
                && both.Rank != normalized.Rank)
                throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"input {i} is {shape}, but {normalized} is normalized");
        }

        node.Define(0, type, x);
        var statistics = new Shape(x.Select((d, i) => i < axis ? d : 1));
        node.Define(1, ElementType.Float32, statistics);
        node.Define(2, ElementType.Float32, statistics);
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        ElementType type = x.Type == ElementType.Float64 ? ElementType.Float64 : ElementType.Float32;
        int axis = Axis(context.Node, x.Rank), rows = Rows(x, axis), length = rows == 0 ? 0 : x.Count / rows;
        int[] dims = [.. x.Dims];
        Tensor source = Casting.To(x, type), y = context.Allocate(type, dims);
        Tensor scale = Repeated(context.Node, context.Input(1), type, dims[axis..]);
        Tensor? shift = context.InputOrNull(2) is { } b ? Repeated(context.Node, b, type, dims[axis..]) : null;
        Array.Fill(dims, 1, axis, dims.Length - axis);
        Tensor means = context.Node.Allocate(ElementType.Float32, dims), inverses = context.Node.Allocate(ElementType.Float32, dims);
        double epsilon = context.Node.Float("epsilon", 1e-5f);
        new PlaneJob(rows, row =>
        {
            (double mean, double inverse) = type == ElementType.Float32
                ? Floats(source, scale, shift, y, row * length, length, epsilon)
                : Doubles(source, scale, shift, y, row * length, length, epsilon);
            means.As<float>()[row] = (float)mean;
            inverses.As<float>()[row] = (float)inverse;
        }).Run(context.Pool);
        context.Outputs[0] = Casting.To(y, x.Type);
        for (int i = 1; i < context.Outputs.Length; i++) context.Outputs[i] = i == 1 ? means : inverses;
    }

    public IReadOnlyList<int> Parameters => [1, 2];

    /// <summary>
    /// dx = (g − mean(g) − x̂·mean(g·x̂)) / √(var + epsilon) with g = dy · Scale; dScale and dB sum dy·x̂ and dy over the rows.
    /// </summary>
    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), dy = context.OutputGradient, dx = context.Allocate(x.Dims);
        int axis = Axis(context.Node, x.Rank), rows = Rows(x, axis), length = rows == 0 ? 0 : x.Count / rows;
        int[] normalized = x.Dims[axis..].ToArray();
        Tensor scale = Repeated(context.Node, context.Input(1), ElementType.Float32, normalized);
        double[] scales = new double[length], shifts = new double[length];
        double epsilon = context.Node.Float("epsilon", 1e-5f);
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> from = x.As<float>().Slice(row * length, length), gradient = dy.As<float>().Slice(row * length, length);
            Span<float> to = dx.As<float>().Slice(row * length, length);
            ReadOnlySpan<float> factors = scale.As<float>();
            (double mean, double inverse) = Statistics(from, to, epsilon);
            double sum = 0, product = 0;
            for (int i = 0; i < length; i++)
            {
                double unit = to[i] * inverse, g = (double)gradient[i] * factors[i];
                scales[i] += gradient[i] * unit;
                shifts[i] += gradient[i];
                sum += g;
                product += g * unit;
            }

            for (int i = 0; i < length; i++)
                to[i] = (float)(inverse * (((double)gradient[i] * factors[i]) - ((sum + (to[i] * inverse * product)) / length)));
        }

        context.Gradients[0] = dx;
        if (context.Wants(1)) context.Gradients[1] = Summed(scales, 1);
        if (context.Wants(2)) context.Gradients[2] = Summed(shifts, 2);

        Tensor Summed(double[] sums, int input) => Broadcasting.Reduce(
            context.Node, Tensor.Of<float>(normalized, Array.ConvertAll(sums, s => (float)s)), context.Input(input).Dims);
    }

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        int rank = node.ShapeOf(0).Rank;
        int[] axes = [.. Enumerable.Range(Axis(node, rank), rank - Axis(node, rank))];
        TfliteTensor x = context.Input(node, 0);
        TfliteTensor mean = steps.Reduce(BuiltinOperator.Mean, x, axes, keep: true, OutputOrNull(1));
        TfliteTensor centred = steps.Subtract(x, mean);
        TfliteTensor variance = steps.Reduce(BuiltinOperator.Mean, steps.Multiply(centred, centred), axes, keep: true);
        TfliteTensor padded = steps.Add(variance, steps.Scalar(node.Float("epsilon", 1e-5f), variance));
        TfliteTensor inverse = steps.Unary(BuiltinOperator.Rsqrt, padded, OutputOrNull(2));
        TfliteTensor unit = steps.Multiply(centred, inverse);
        TfliteTensor scaled = steps.Multiply(unit, context.Input(node, 1), node.InputOrNull(2) is null ? context.Output(node, 0) : null);
        if (node.InputOrNull(2) is not null) steps.Add(scaled, context.Input(node, 2), context.Output(node, 0));

        TfliteTensor? OutputOrNull(int index) => node.HasOutput(index) ? context.Output(node, index) : null;
    }

    private static int Axis(Node node, int rank) => node.Axis(node.Int("axis", -1), rank);

    private static int Rows(Tensor x, int axis)
    {
        int rows = 1;
        foreach (int dim in x.Dims[..axis]) rows *= dim;
        return rows;
    }

    private static Tensor Repeated(Node node, Tensor tensor, ElementType type, int[] dims) =>
        Broadcasting.Expand(node, Casting.To(tensor, type), dims);

    /// <summary>The mean of a row, 1 / √(var + epsilon), and the row less its mean.</summary>
    private static (double Mean, double Inverse) Statistics(ReadOnlySpan<float> row, Span<float> centred, double epsilon)
    {
        double mean = FixedOrderSum.Of(row) / row.Length;
        for (int i = 0; i < row.Length; i++) centred[i] = (float)(row[i] - mean);
        return (mean, 1 / Math.Sqrt((ReductionSums.Held(FixedOrderSum.Dot(centred, centred), ElementType.Float32) / row.Length) + epsilon));
    }

    private static (double Mean, double Inverse) Floats(
        Tensor x, Tensor scale, Tensor? shift, Tensor y, int at, int length, double epsilon)
    {
        Span<float> to = y.As<float>().Slice(at, length);
        (double mean, double inverse) = Statistics(x.As<float>().Slice(at, length), to, epsilon);
        ReadOnlySpan<float> factors = scale.As<float>(), summands = shift is null ? default : shift.As<float>();
        for (int i = 0; i < length; i++)
            to[i] = (to[i] * (float)inverse * factors[i]) + (summands.IsEmpty ? 0 : summands[i]);
        return (mean, inverse);
    }

    private static (double Mean, double Inverse) Doubles(
        Tensor x, Tensor scale, Tensor? shift, Tensor y, int at, int length, double epsilon)
    {
        ReadOnlySpan<double> from = x.As<double>().Slice(at, length);
        Span<double> to = y.As<double>().Slice(at, length);
        double mean = 0, variance = 0;
        foreach (double element in from) mean += element / length;
        foreach (double element in from) variance += (element - mean) * (element - mean) / length;
        double inverse = 1 / Math.Sqrt(variance + epsilon);
        for (int i = 0; i < length; i++)
            to[i] = ((from[i] - mean) * inverse * scale.As<double>()[i]) + (shift is null ? 0 : shift.As<double>()[i]);
        return (mean, inverse);
    }
}
