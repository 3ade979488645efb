using System.Numerics;
using System.Runtime.InteropServices;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Normalization;

/// <summary>
/// (x − mean) / √(var + epsilon) · scale + B per channel (axis 1); inputs X, scale, B, mean, var. In training, the batch may give mean
/// and variance.
/// </summary>
internal sealed class BatchNormalization : Operator, IDifferentiable, IBatchStatistics
{
    public override IReadOnlyList<OpsetStep> Versions { get; } =
        [1, 6, new(7, RefuseTraining) { Dropped = ["is_test"] }, new(9, DropSpatial) { Dropped = ["spatial"] }, 14, 15];

    public override Arity Arity => new(5, 5, 5);

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 1;

    public override IEnumerable<AxisRoute> Axes(Node node) => Enumerable.Range(0, node.ShapeOf(0).Rank)
        .Select(a => new AxisRoute(
            [AxisPlace.In(0, a), .. a == 1 ? Enumerable.Range(1, 4).Select(i => AxisPlace.In(i, 0)) : [], AxisPlace.Out(0, a)]));

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    // Without is_test, a node with one output is one in test mode too.
    private static void RefuseTraining(Graph graph, Node node)
    {
        if (node.Int("is_test", 0) == 0 && Enumerable.Range(1, 4).Any(node.HasOutput))
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, "training mode (is_test = 0)");
        node.Attributes.Remove("is_test");
    }

    private static void DropSpatial(Graph graph, Node node)
    {
        if (node.Int("spatial", 1) != 1)
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, "statistics per element (spatial = 0)");
        node.Attributes.Remove("spatial");
    }

    public override void InferShapes(Node node)
    {
        if (node.Int("training_mode", 0) != 0 || Enumerable.Range(1, 4).Any(node.HasOutput))
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, "training mode");
        ElementType type = node.CommonFloatType();
        Shape x = node.ShapeOf(0);
        Dim channels = x.Rank > 1 ? x[1] : 1;
        for (int i = 1; i <= 4; i++)
        {
            Shape parameter = node.ShapeOf(i);
            if (parameter.Rank != 1 || (parameter[0].IsKnown && channels.IsKnown && parameter[0] != channels))
                throw GraphDiagnostics.ShapeMismatch.Error(
                    node.Label, $"input {i} is {parameter}, but the data has {channels} channels");
        }

        node.Define(0, type, x);
    }

    /// <summary>The factor and the summand per channel that the normalization comes to, computed in double precision.</summary>
    /// <param name="parameters">Scale, B, mean and variance, any float type.</param>
    public static (double[] Factors, double[] Summands) Affine(Node node, params ReadOnlySpan<Tensor> parameters)
    {
        double epsilon = node.Float("epsilon", 1e-5f);
        ReadOnlySpan<double> scale = Doubles(parameters[0]), shift = Doubles(parameters[1]);
        ReadOnlySpan<double> mean = Doubles(parameters[2]), variance = Doubles(parameters[3]);
        var factors = new double[scale.Length];
        var summands = new double[scale.Length];
        for (int c = 0; c < factors.Length; c++)
        {
            factors[c] = scale[c] / Math.Sqrt(variance[c] + epsilon);
            summands[c] = shift[c] - (mean[c] * factors[c]);
        }

        return (factors, summands);

        static ReadOnlySpan<double> Doubles(Tensor tensor) => Casting.To(tensor, ElementType.Float64).As<double>();
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        (double[] factors, double[] summands) = Affine(
            context.Node, context.Input(1), context.Input(2), context.Input(3), context.Input(4));
        ElementType type = x.Type == ElementType.Float64 ? ElementType.Float64 : ElementType.Float32;
        Tensor source = Casting.To(x, type), y = context.Allocate(type, x.Dims);
        int channels = x.Rank > 1 ? x.Dims[1] : 1;
        int plane = x.Count == 0 ? 0 : x.Count / (x.Dims[0] * channels);
        for (int at = 0, part = 0; at < x.Count; at += plane, part++)
        {
            int c = part % channels;
            if (type == ElementType.Float32)
                Apply(
                    source.As<float>().Slice(at, plane), (float)factors[c], (float)summands[c],
                    y.As<float>().Slice(at, plane));
            else
            {
                for (int i = at; i < at + plane; i++)
                    y.As<double>()[i] = (source.As<double>()[i] * factors[c]) + summands[c];
            }
        }

        context.Output = Casting.To(y, x.Type);
    }

    public IReadOnlyList<int> Parameters => [1, 2];

    public bool ReadsOutputs => false;

    /// <summary>The gradients with mean and variance as constants.</summary>
    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), dy = context.OutputGradient;
        (double[] factors, _) = Affine(context.Node, context.Input(1), context.Input(2), context.Input(3), context.Input(4));
        double epsilon = context.Node.Float("epsilon", 1e-5f);
        Tensor dx = context.Allocate(x.Dims);
        Tensor dscale = context.Allocate([factors.Length]);
        Tensor dshift = context.Allocate([factors.Length]);
        int channels = factors.Length, plane = x.Count == 0 ? 0 : x.Count / (x.Dims[0] * channels);
        new PlaneJob(channels, c =>
        {
            double mean = context.Input(3).As<float>()[c], sum = 0, product = 0;
            for (int n = 0; n < x.Dims[0]; n++)
            {
                int at = ((n * channels) + c) * plane;
                ReadOnlySpan<float> from = dy.As<float>().Slice(at, plane);
                Scale(from, (float)factors[c], dx.As<float>().Slice(at, plane));
                sum += FixedOrderSum.Of(from);
                product += FixedOrderSum.Dot(from, x.As<float>().Slice(at, plane));
            }

            dscale.As<float>()[c] = (float)((product - (mean * sum)) / Math.Sqrt(context.Input(4).As<float>()[c] + epsilon));
            dshift.As<float>()[c] = (float)sum;
        }).Run(context.Pool);
        (context.Gradients[0], context.Gradients[1], context.Gradients[2]) = (dx, dscale, dshift);
    }

    double[] IBatchStatistics.Sums(ForwardContext context) => BatchMoments.Sums(context.Input(0));

    void IBatchStatistics.Forward(ForwardContext context, double[] totals) => BatchMoments.Forward(context, totals);

    double[] IBatchStatistics.Sums(BackwardContext context) => BatchMoments.Sums(context);

    void IBatchStatistics.Backward(BackwardContext context, double[] totals, double[] gradientTotals, double[] own) =>
        BatchMoments.Backward(context, totals, gradientTotals, own);

    void IBatchStatistics.Follow(Node node, double[] totals) => BatchMoments.Follow(node, totals);

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        if (Enumerable.Range(1, 4).Any(i => !node.Input(i).IsConstant))
        {
            LowerComputed(context, node);
            return;
        }

        (double[] factors, double[] summands) = Affine(
            node, node.Input(1).Constant!, node.Input(2).Constant!, node.Input(3).Constant!, node.Input(4).Constant!);
        int[] order = context.OrderOf(node.Input(0)), dims = new int[order.Length];
        Array.Fill(dims, 1);
        dims[Array.IndexOf(order, order.Length > 1 ? 1 : 0)] = factors.Length;
        TfliteTensor x = context.Input(node, 0, order), scaled = Lowering.Temporary(node, x, x.Dims);
        context.Emit(
            BuiltinOperator.Mul, [x, Parameter("scale", factors)], [scaled],
            new ArithmeticOptions(BuiltinOptionsType.Mul, ActivationFunction.None));
        context.Emit(
            BuiltinOperator.Add, [scaled, Parameter("shift", summands)], [context.Output(node, 0, order)],
            new ArithmeticOptions(BuiltinOptionsType.Add, ActivationFunction.None));

        TfliteTensor Parameter(string name, double[] values) => context.Constant(
            $"{node.Label}/{name}", Tensor.Of<float>(dims, Array.ConvertAll(values, v => (float)v)));
    }

    /// <summary>Parameters that are known only when the model runs: the factor and the summand are computed then.</summary>
    private static void LowerComputed(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        int[] order = context.OrderOf(node.Input(0)), dims = new int[order.Length];
        Array.Fill(dims, 1);
        int place = Array.IndexOf(order, order.Length > 1 ? 1 : 0);
        TfliteTensor scale = Parameter(1), shift = Parameter(2), mean = Parameter(3), variance = Parameter(4);
        TfliteTensor padded = steps.Add(variance, steps.Scalar(node.Float("epsilon", 1e-5f), variance));
        TfliteTensor factor = steps.Multiply(scale, steps.Unary(BuiltinOperator.Rsqrt, padded));
        TfliteTensor summand = steps.Subtract(shift, steps.Multiply(mean, factor));
        steps.Add(steps.Multiply(context.Input(node, 0, order), factor), summand, context.Output(node, 0, order));

        TfliteTensor Parameter(int index)
        {
            TfliteTensor parameter = context.Input(node, index);
            dims[place] = parameter.Dims[0];
            return steps.Reshape(parameter, [.. dims]);
        }
    }

    private static void Scale(ReadOnlySpan<float> x, float factor, Span<float> y)
    {
        int i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count) (new Vector<float>(x[i..]) * factor).CopyTo(y[i..]);
        for (; i < x.Length; i++) y[i] = x[i] * factor;
    }

    private static void Apply(ReadOnlySpan<float> x, float factor, float summand, Span<float> y)
    {
        ReadOnlySpan<Vector<float>> wide = MemoryMarshal.Cast<float, Vector<float>>(x);
        Span<Vector<float>> target = MemoryMarshal.Cast<float, Vector<float>>(y);
        Vector<float> factors = new(factor), summands = new(summand);
        for (int i = 0; i < wide.Length; i++) target[i] = Vector.FusedMultiplyAdd(wide[i], factors, summands);
        for (int i = wide.Length * Vector<float>.Count; i < x.Length; i++)
            y[i] = MathF.FusedMultiplyAdd(x[i], factor, summand);
    }
}
