using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Pooling;

/// <summary>The norm (Σ|x|ᵖ)^(1/p) of each window over X [N, C, (D,) (H,) W]; padding counts as zeros.</summary>
internal sealed class LpPool : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, OpsetStep.ToInteger(2, "p"), 11, 18, 22];

    public override Arity Arity => new(1, 1);

    public override ElementKinds Takes(Node node) => ElementKinds.Floats;

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 1;

    public override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Kept(node, [0, 1]);

    public override OperatorTraits Traits(Node node) => OperatorTraits.Homogeneous;

    public override int MinimumOpset(Node node) =>
        node.Ints("dilations") is null && node.Int("ceil_mode", 0) == 0 ? Graph.WrittenOpset : 18;

    public override void InferShapes(Node node)
    {
        Shape x = node.ShapeOf(0);
        PowerNorm.Exponent(node);
        node.Define(0, node.CommonFloatType(), ConvGeometry.OfPool(node).OutputShape(x, x[1]));
        if (node.Ints("dilations") is { } dilations && Array.TrueForAll(dilations, d => d == 1))
            node.Attributes.Remove("dilations");
    }

    // The sum over a box is that of sums along each axis.
    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        int p = PowerNorm.Exponent(context.Node);
        int[] dims = [.. x.Dims];
        WindowAxis[] axes = ConvGeometry.OfPool(context.Node).Axes(x.Dims);
        double[] sums = PowerNorm.Powers(x, p);
        for (int i = 0; i < axes.Length; i++)
        {
            int outer = DataMovement.Count(dims.AsSpan(0, i + 2)), inner = DataMovement.Count(dims.AsSpan(i + 3));
            dims[i + 2] = axes[i].Output;
            context.Node.ByteCount(ElementType.Float64, dims);
            sums = Gathered(sums, outer, axes[i], inner);
        }

        context.Output = PowerNorm.Roots(sums, dims, p, x.Type);
    }

    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), dx = context.Allocate(x.Dims);
        int p = PowerNorm.Exponent(context.Node);
        ReadOnlySpan<float> y = context.Output.As<float>(), dy = context.OutputGradient.As<float>(), from = x.As<float>();
        var shares = new double[dy.Length];
        for (int i = 0; i < shares.Length; i++) shares[i] = dy[i] * PowerNorm.Share(y[i], p);
        int[] dims = [.. context.Output.Dims];
        WindowAxis[] axes = ConvGeometry.OfPool(context.Node).Axes(x.Dims);
        for (int i = axes.Length - 1; i >= 0; i--)
        {
            int outer = DataMovement.Count(dims.AsSpan(0, i + 2)), inner = DataMovement.Count(dims.AsSpan(i + 3));
            dims[i + 2] = axes[i].Input;
            shares = Spread(shares, outer, axes[i], inner);
        }

        for (int i = 0; i < shares.Length; i++) dx.As<float>()[i] = (float)(shares[i] * PowerNorm.Slope(from[i], p));
        context.Gradients[0] = dx;
    }

    public override bool TakesComputedSizes(Node node) => node.Ints("dilations") is null;

    public override void Lower(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        int p = PowerNorm.Exponent(node);
        var window = WindowLowering.Begin(context, node, ConvGeometry.OfPool(node));
        window.Map(image => PowerNorm.LowerPowers(steps, image, p));
        (WindowAxis v, WindowAxis h) = window.Axes;
        bool isDilated = (v.Dilation > 1 && v.Kernel > 1) || (h.Dilation > 1 && h.Kernel > 1);
        (TfliteTensor x, Padding padding) = window.PadInput(null, always: true);
        window.End((inputs, output) =>
        {
            TfliteTensor? last = p == 1 ? output : null;
            TfliteTensor sums;
            if (isDilated)
            {
                sums = window.Combine(BuiltinOperator.Add, inputs[0]!, last);
            }
            else
            {
                TfliteTensor mean = Lowering.Temporary(node, TensorType.Float32, output.Dims, output.OpenAxis);
                context.Emit(BuiltinOperator.AveragePool2D, inputs, [mean], new Pool2DOptions(
                    padding, h.Stride, v.Stride, h.Kernel, v.Kernel, ActivationFunction.None));
                sums = steps.Multiply(mean, steps.Scalar(v.Kernel * h.Kernel, mean), last);
            }

            if (p > 1) PowerNorm.LowerRoots(steps, sums, p, output);
        }, x);
    }

    private static double[] Gathered(double[] from, int outer, WindowAxis axis, int inner)
    {
        var to = new double[outer * axis.Output * inner];
        ForEachTap(outer, axis, (input, output) =>
        {
            for (int i = 0; i < inner; i++) to[(output * inner) + i] += from[(input * inner) + i];
        });
        return to;
    }

    private static double[] Spread(double[] from, int outer, WindowAxis axis, int inner)
    {
        var to = new double[outer * axis.Input * inner];
        ForEachTap(outer, axis, (input, output) =>
        {
            for (int i = 0; i < inner; i++) to[(input * inner) + i] += from[(output * inner) + i];
        });
        return to;
    }

    private static void ForEachTap(int outer, WindowAxis axis, Action<int, int> pair)
    {
        for (int o = 0; o < outer * axis.Output; o++)
        {
            int window = o % axis.Output, first = (o / axis.Output * axis.Input) + (window * axis.Stride) - axis.PadBegin;
            (int begin, int end) = axis.Taps(window, 0, axis.Input);
            for (int tap = begin; tap < end; tap++) pair(first + (tap * axis.Dilation), o);
        }
    }
}
