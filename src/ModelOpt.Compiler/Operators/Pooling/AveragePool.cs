using System.Numerics;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Pooling;

/// <summary>
/// The mean of each window over X [N, C, (D,) (H,) W]. Padding is left out of the count, or with <c>count_include_pad</c>
/// counted as zeros; elements that ceil_mode lets a window reach beyond the padding are never counted.
/// </summary>
internal sealed class AveragePool : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 7, 10, 11, 19, 22];

    public override Arity Arity => new(1, 1);

    public override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public override int DataInputs => 1;

    public override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Kept(node, [0, 1]);

    public override OperatorTraits Traits(Node node) => OperatorTraits.Homogeneous;

    public override string? WhyFloat(Node node) => node.Ints("dilations") is null ? null : "its windows have gaps";

    public override int MinimumOpset(Node node) => node.Ints("dilations") is null ? Graph.WrittenOpset : 19;

    public override void InferShapes(Node node)
    {
        Shape x = node.ShapeOf(0);
        node.Define(0, node.CommonFloatType(), ConvGeometry.OfPool(node).OutputShape(x, x[1]));
        if (node.Ints("dilations") is { } dilations && Array.TrueForAll(dilations, d => d == 1))
            node.Attributes.Remove("dilations");
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        WindowAxis[] axes = ConvGeometry.OfPool(context.Node).Axes(x.Dims);
        int planes = x.Dims[0] * x.Dims[1];
        Tensor y = Casting.To(x, x.Type == ElementType.Float64 ? ElementType.Float64 : ElementType.Float32);
        // The number of elements of a box is a product, so its mean is the mean of its planes' means.
        if (axes is [var d, var high, var wide])
        {
            y = Planes(context, y, planes, d, WindowAxis.Whole(high.Input * wide.Input));
            planes *= d.Output;
        }

        y = Planes(context, y, planes, axes.Length == 1 ? WindowAxis.None : axes[^2], axes[^1]);
        context.Output = Casting.To(y.Reshape([x.Dims[0], x.Dims[1], .. axes.Select(a => a.Output)]), x.Type);
    }

    private static Tensor Planes(ForwardContext context, Tensor x, int planes, WindowAxis v, WindowAxis h)
    {
        Tensor y = context.Allocate(x.Type, [planes, v.Output, h.Output]);
        bool countPadding = context.Node.Int("count_include_pad", 0) != 0;
        int[] rows = Counts(v, countPadding), columns = Counts(h, countPadding);
        int inputPlane = v.Input * h.Input, outputPlane = v.Output * h.Output;
        new PlaneJob(planes, p =>
        {
            for (int oy = 0, at = p * outputPlane; oy < v.Output; oy++)
            {
                for (int ox = 0; ox < h.Output; ox++, at++)
                {
                    int count = rows[oy] * columns[ox];
                    if (x.Type == ElementType.Float64)
                        y.As<double>()[at] = Sum<double>(v, h, x.As<double>()[(p * inputPlane)..], oy, ox) / count;
                    else
                        y.As<float>()[at] = (float)(Sum<float>(v, h, x.As<float>()[(p * inputPlane)..], oy, ox) / count);
                }
            }
        }).Run(context.Pool);
        return y;
    }

    public bool ReadsOutputs => false;

    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), dy = context.OutputGradient, dx = context.Zeros(x.Dims);
        (WindowAxis v, WindowAxis h) = ConvGeometry.OfPool(context.Node).Resolve(x.Dims);
        bool countPadding = context.Node.Int("count_include_pad", 0) != 0;
        int[] rows = Counts(v, countPadding), columns = Counts(h, countPadding);
        int inputPlane = v.Input * h.Input, outputPlane = v.Output * h.Output;
        new PlaneJob(x.Dims[0] * x.Dims[1], p =>
        {
            ReadOnlySpan<float> from = dy.As<float>().Slice(p * outputPlane, outputPlane);
            Span<float> to = dx.As<float>().Slice(p * inputPlane, inputPlane);
            for (int oy = 0, at = 0; oy < v.Output; oy++)
            {
                (int top, int bottom) = v.Taps(oy, 0, v.Input);
                for (int ox = 0; ox < h.Output; ox++, at++)
                {
                    (int left, int right) = h.Taps(ox, 0, h.Input);
                    float share = from[at] / (rows[oy] * columns[ox]);
                    for (int ky = top; ky < bottom; ky++)
                    {
                        int row = (((oy * v.Stride) - v.PadBegin + (ky * v.Dilation)) * h.Input) + (ox * h.Stride) - h.PadBegin;
                        for (int kx = left; kx < right; kx++) to[row + (kx * h.Dilation)] += share;
                    }
                }
            }
        }).Run(context.Pool);
        context.Gradients[0] = dx;
    }

    /// <summary>Windows over axes of any size: the mean over all taps, by the share of taps that count.</summary>
    private static void LowerOpen(Lowering context, Node node, WindowLowering window, bool countPadding)
    {
        (WindowAxis v, WindowAxis h) = window.Axes;
        if ((v.Dilation > 1 && v.Kernel > 1) || (h.Dilation > 1 && h.Kernel > 1) || node.Int("ceil_mode", 0) != 0 && countPadding)
            throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Input(0).Name, node.ShapeOf(0));
        (TfliteTensor x, Padding padding) = window.PadInput(null, always: countPadding);
        Pool2DOptions options = new(padding, h.Stride, v.Stride, h.Kernel, v.Kernel, ActivationFunction.None);
        bool isCounted = countPadding || padding == Padding.Same || x == window.Image;
        window.End((inputs, output) =>
        {
            if (isCounted)
            {
                context.Emit(BuiltinOperator.AveragePool2D, inputs, [output], options);
                return;
            }

            if (output.Quantization is not null)
                throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Input(0).Name, node.ShapeOf(0));
            var steps = new LoweringSteps(context, node);
            Shape shape = node.ShapeOf(0);
            TfliteTensor sizes = new SizeSteps(context, node).Vector([1, shape.Rank == 3 ? 1 : shape[2], shape[^1], 1]);
            TfliteTensor ones = Lowering.Temporary(node, TensorType.Float32, [1, window.Image.Dims[1], window.Image.Dims[2], 1]);
            context.Emit(BuiltinOperator.Fill, [sizes, steps.Scalar(1, Lowering.Temporary(node, TensorType.Float32, []))], [ones]);
            TfliteTensor shares = Lowering.Temporary(node, TensorType.Float32, [1, output.Dims[1], output.Dims[2], 1]);
            TfliteTensor mean = Lowering.Temporary(node, output, output.Dims);
            context.Emit(BuiltinOperator.AveragePool2D, [window.Padded(ones, null)], [shares], options);
            context.Emit(BuiltinOperator.AveragePool2D, inputs, [mean], options);
            steps.Binary(BuiltinOperator.Div, mean, shares, output);
        }, x);
    }

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        var window = WindowLowering.Begin(context, node, ConvGeometry.OfPool(node));
        (WindowAxis v, WindowAxis h) = window.Axes;
        bool isDilated = (v.Dilation > 1 && v.Kernel > 1) || (h.Dilation > 1 && h.Kernel > 1);
        bool countPadding = node.Int("count_include_pad", 0) != 0;
        if (!window.IsKnown)
        {
            LowerOpen(context, node, window, countPadding);
            return;
        }

        int[] rows = Counts(v, countPadding), columns = Counts(h, countPadding);
        bool full = Array.TrueForAll(rows, c => c == v.Kernel) && Array.TrueForAll(columns, c => c == h.Kernel);
        // TFLite leaves the padding of SAME out of the count, but counts the elements of a PAD.
        bool excludes = window.IsSame && !countPadding;
        (TfliteTensor x, Padding padding) = window.PadInput(null, always: isDilated || !excludes);
        window.End((inputs, output) =>
        {
            if (isDilated)
            {
                float[] shares = [.. rows.SelectMany(_ => columns, (r, c) => 1f / Math.Max(1, r * c))];
                TfliteTensor table = context.Constant($"{node.Label}/shares", Tensor.Of<float>([1, v.Output, h.Output, 1], shares));
                new LoweringSteps(context, node).Multiply(window.Combine(BuiltinOperator.Add, inputs[0]!, null), table, output);
                return;
            }

            Pool2DOptions options = new(padding, h.Stride, v.Stride, h.Kernel, v.Kernel, ActivationFunction.None);
            if (full || excludes)
            {
                context.Emit(BuiltinOperator.AveragePool2D, inputs, [output], options);
                return;
            }

            // The mean over all taps times taps / counted taps; in float, so that it is rounded once.
            TfliteTensor source = inputs[0]!;
            TfliteTensor mean = Lowering.Temporary(node, TensorType.Float32, output.Dims, output.OpenAxis), corrected = output;
            if (source.Quantization is not null)
            {
                TfliteTensor real = Lowering.Temporary(node, TensorType.Float32, source.Dims, source.OpenAxis);
                context.Emit(BuiltinOperator.Dequantize, [source], [real], new EmptyOptions(BuiltinOptionsType.Dequantize));
                source = real;
                corrected = Lowering.Temporary(node, TensorType.Float32, output.Dims, output.OpenAxis);
            }

            context.Emit(BuiltinOperator.AveragePool2D, [source], [mean], options);
            float[] factors = [.. rows.SelectMany(_ => columns, (r, c) => (float)(v.Kernel * h.Kernel) / Math.Max(1, r * c))];
            context.Emit(
                BuiltinOperator.Mul,
                [mean, context.Constant($"{node.Label}/correction", Tensor.Of<float>([1, v.Output, h.Output, 1], factors))],
                [corrected], new ArithmeticOptions(BuiltinOptionsType.Mul, ActivationFunction.None));
            if (corrected != output)
                context.Emit(BuiltinOperator.Quantize, [corrected], [output], new EmptyOptions(BuiltinOptionsType.Quantize));
        }, x);
    }

    /// <summary>How many positions of each window along an axis the mean counts.</summary>
    internal static int[] Counts(WindowAxis axis, bool countPadding)
    {
        var counts = new int[axis.Output];
        (int low, int high) = countPadding ? (-axis.PadBegin, axis.Input + axis.PadEnd) : (0, axis.Input);
        for (int o = 0; o < counts.Length; o++)
        {
            (int begin, int end) = axis.Taps(o, low, high);
            counts[o] = end - begin;
        }

        return counts;
    }

    private static double Sum<T>(WindowAxis v, WindowAxis h, ReadOnlySpan<T> plane, int oy, int ox) where T : INumber<T>
    {
        double sum = 0;
        (int top, int bottom) = v.Taps(oy, 0, v.Input);
        (int left, int right) = h.Taps(ox, 0, h.Input);
        for (int ky = top; ky < bottom; ky++)
        {
            int row = (((oy * v.Stride) - v.PadBegin + (ky * v.Dilation)) * h.Input) + (ox * h.Stride) - h.PadBegin;
            for (int kx = left; kx < right; kx++) sum += double.CreateTruncating(plane[row + (kx * h.Dilation)]);
        }

        return sum;
    }
}
