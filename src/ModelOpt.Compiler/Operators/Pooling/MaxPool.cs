using System.Numerics;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Pooling;

/// <summary>
/// The largest element of each window over X [N, C, (D,) (H,) W]; padding never wins. Output 1 says where it is
/// (<see cref="MaxPoolIndices"/>).
/// </summary>
internal sealed class MaxPool : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 8, 10, 11, 12, 22];

    public override Arity Arity => new(1, 1, 2);

    public override ElementKinds Takes(Node node) => ElementKinds.Numbers;

    public override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public override int DataInputs => 1;

    // An index counts the planes before its own.
    public override IEnumerable<AxisRoute> Axes(Node node) => node.HasOutput(1) ? [] : AxisRoutes.Kept(node, [0, 1]);

    public override OperatorTraits Traits(Node node) => node.HasOutput(1) ? OperatorTraits.None
        : OperatorTraits.Moves | OperatorTraits.Homogeneous | OperatorTraits.HidesFarNumbers;

    public override string? WhyFloat(Node node) => node.HasOutput(1) ? "its indices are asked for" : null;

    public override void InferShapes(Node node)
    {
        Shape x = node.ShapeOf(0), y = ConvGeometry.OfPool(node).OutputShape(x, x[1]);
        node.Define(0, node.CommonType(), y);
        if (node.HasOutput(1)) MaxPoolIndices.IsColumnMajor(node);
        node.Define(1, ElementType.Int64, y);
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        ElementType type = x.Type == ElementType.BFloat16 ? ElementType.Float32 : x.Type;
        WindowAxis[] axes = ConvGeometry.OfPool(context.Node).Axes(x.Dims);
        int planes = x.Dims[0] * x.Dims[1];
        Tensor y = Casting.To(x, type);
        int[] dims = [x.Dims[0], x.Dims[1], .. axes.Select(a => a.Output)];
        if (context.Node.HasOutput(1)) context.Outputs[1] = new MaxPoolIndices(context.Node, axes).Of(context.Node, x, dims);
        // The largest of a box is the largest of the largest in its planes.
        if (axes is [var d, var high, var wide])
        {
            y = Planes(context, y, planes, d, WindowAxis.Whole(high.Input * wide.Input));
            planes *= d.Output;
        }

        y = Planes(context, y, planes, axes.Length == 1 ? WindowAxis.None : axes[^2], axes[^1]);
        context.Output = Casting.To(y.Reshape(dims), x.Type);
    }

    private static Tensor Planes(ForwardContext context, Tensor x, int count, WindowAxis v, WindowAxis h)
    {
        Tensor y = context.Allocate(x.Type, [count, v.Output, h.Output]);
        if (x.Type == ElementType.Float32 && MaxPoolPlanes.Fits(v) && MaxPoolPlanes.Fits(h))
        {
            MaxPoolPlanes planes = new(v, h);
            int from = v.Input * h.Input, to = v.Output * h.Output;
            new PlaneJob(count, p => planes.Forward(
                x.As<float>().Slice(p * from, from), y.As<float>().Slice(p * to, to))).Run(context.Pool);
        }
        else
        {
            ElementDispatch.Numbers(x.Type, new Action(context, x, count, v, h, y));
        }

        return y;
    }

    public bool ReadsOutputs => false;

    /// <summary>The gradient goes to the first of the largest elements of each window.</summary>
    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), dy = context.OutputGradient, dx = context.Zeros(x.Dims);
        (WindowAxis v, WindowAxis h) = ConvGeometry.OfPool(context.Node).Resolve(x.Dims);
        int inputPlane = v.Input * h.Input, outputPlane = v.Output * h.Output;
        (int Begin, int End)[] columns = Columns(h);
        MaxPoolPlanes? planes = MaxPoolPlanes.Fits(v) && MaxPoolPlanes.Fits(h) ? new(v, h) : null;
        new PlaneJob(x.Dims[0] * x.Dims[1], p =>
        {
            ReadOnlySpan<float> from = x.As<float>().Slice(p * inputPlane, inputPlane),
                given = dy.As<float>().Slice(p * outputPlane, outputPlane);
            Span<float> to = dx.As<float>().Slice(p * inputPlane, inputPlane);
            if (planes is null) Scatter(v, h, columns, from, given, to);
            else planes.Backward(from, given, to);
        }).Run(context.Pool);
        context.Gradients[0] = dx;
    }

    /// <summary>The taps of each window along an axis that lie in the input.</summary>
    private static (int Begin, int End)[] Columns(WindowAxis h) =>
        [.. Enumerable.Range(0, h.Output).Select(ox => h.Taps(ox, 0, h.Input))];

    private static void Scatter(
        WindowAxis v, WindowAxis h, (int Begin, int End)[] columns, ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dx)
    {
        for (int oy = 0, at = 0; oy < v.Output; oy++)
        {
            (int top, int bottom) = v.Taps(oy, 0, v.Input);
            for (int ox = 0; ox < columns.Length; ox++, at++)
            {
                (int left, int right) = columns[ox];
                int largest = -1;
                for (int ky = top; ky < bottom; ky++)
                {
                    int row = (((oy * v.Stride) - v.PadBegin + (ky * v.Dilation)) * h.Input) + (ox * h.Stride) - h.PadBegin;
                    for (int kx = left; kx < right; kx++)
                    {
                        int position = row + (kx * h.Dilation);
                        if (largest < 0 || x[position] > x[largest]) largest = position;
                    }
                }

                if (largest >= 0) dx[largest] += dy[at];
            }
        }
    }

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        if (node.HasOutput(1))
        {
            int[] sizes = node.ShapeOf(0).ToSizes()
                ?? throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Input(0).Name, node.ShapeOf(0));
            new MaxPoolIndices(node, ConvGeometry.OfPool(node).Axes(sizes)).Lower(context, node);
            return;
        }

        var window = WindowLowering.Begin(context, node, ConvGeometry.OfPool(node));
        (WindowAxis v, WindowAxis h) = window.Axes;
        bool dilated = (v.Dilation > 1 && v.Kernel > 1) || (h.Dilation > 1 && h.Kernel > 1);
        (TfliteTensor x, Padding padding) = window.PadInput(window.LowestValue, always: dilated);
        if (!dilated)
        {
            window.End((inputs, output) => context.Emit(BuiltinOperator.MaxPool2D, inputs, [output], new Pool2DOptions(
                padding, h.Stride, v.Stride, h.Kernel, v.Kernel, ActivationFunction.None)), x);
            return;
        }

        window.End((inputs, output) => window.Combine(BuiltinOperator.Maximum, inputs[0]!, output), x);
    }

    private readonly struct Action(ForwardContext context, Tensor x, int count, WindowAxis v, WindowAxis h, Tensor y) : INumberAction
    {
        public void Run<T>() where T : unmanaged, INumber<T>
        {
            (Tensor source, Tensor target, WindowAxis vertical, WindowAxis horizontal) = (x, y, v, h);
            int inputPlane = v.Input * h.Input, outputPlane = v.Output * h.Output;
            (int Begin, int End)[] columns = Columns(h);
            new PlaneJob(count, p => Plane<T>(
                vertical, horizontal, columns, source.As<T>().Slice(p * inputPlane, inputPlane),
                target.As<T>().Slice(p * outputPlane, outputPlane))).Run(context.Pool);
        }

        private static void Plane<T>(WindowAxis v, WindowAxis h, (int Begin, int End)[] columns, ReadOnlySpan<T> x, Span<T> y)
            where T : unmanaged, INumber<T>
        {
            int at = 0;
            for (int oy = 0; oy < v.Output; oy++)
            {
                (int top, int bottom) = v.Taps(oy, 0, v.Input);
                for (int ox = 0; ox < columns.Length; ox++)
                {
                    (int left, int right) = columns[ox];
                    T largest = T.Zero;
                    bool any = false;
                    for (int ky = top; ky < bottom; ky++)
                    {
                        int row = (((oy * v.Stride) - v.PadBegin + (ky * v.Dilation)) * h.Input) + (ox * h.Stride) - h.PadBegin;
                        for (int kx = left; kx < right; kx++)
                        {
                            T value = x[row + (kx * h.Dilation)];
                            if (!any || value > largest) largest = value;
                            any = true;
                        }
                    }

                    y[at++] = any ? largest : Lowest<T>();
                }
            }
        }

        private static T Lowest<T>() where T : unmanaged, INumber<T> => T.CreateSaturating(float.MinValue);
    }
}
