using System.Numerics;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Kernels;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Convolution;

/// <summary>
/// Convolution over 1, 2 or 3 axes: X [N, C, (D,) (H,) W], W [M, C/group, (KD,) (KH,) KW], B [M] give [N, M, (OD,) (OH,) OW]. One over 3
/// becomes one over 2 before anything is compressed (<c>VolumeConvolutions</c>).
/// </summary>
internal sealed class Conv : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 11, 22];

    public override Arity Arity => new(2, 3);

    public override QuantizationRule Quantization => QuantizationRule.Weighted;

    public override int DataInputs => 3;

    public override OperatorTraits Traits(Node node) =>
        OperatorTraits.Layer | (node.Input(1).IsConstant ? OperatorTraits.TakesActivation : OperatorTraits.None);

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        yield return new AxisRoute(AxisPlace.In(0, 0), AxisPlace.Out(0, 0));
        Shape w = node.ShapeOf(1);
        long groups = Group(node), inputs = w[1].Size, outputs = w[0].Size / groups;
        if (groups == 1)
        {
            yield return new AxisRoute(AxisPlace.In(0, 1), AxisPlace.In(1, 1));
            yield return new AxisRoute(AxisPlace.In(1, 0), AxisPlace.In(2, 0), AxisPlace.Out(0, 1));
            yield break;
        }

        // A group is one element: its input channels and its output channels.
        int[] filters = AxisRoutes.Blocks(w[0].Size, outputs);
        yield return new AxisRoute(
            AxisPlace.In(0, 1, AxisRoutes.Blocks(groups * inputs, inputs)), AxisPlace.In(1, 0, filters), AxisPlace.In(2, 0, filters),
            AxisPlace.Out(0, 1, filters));
    }

    public override void Narrow(Graph graph, Node node, AxisCut cut)
    {
        // Groups that are left are as large as before.
        if (Group(node) > 1 && cut.Kept(node.Output, 1) is { } kept)
            node.Attributes["group"] = Group(node) * kept.Length / node.Output.Shape![1].Size;
    }

    public override void InferShapes(Node node)
    {
        ElementType type = node.CommonFloatType(1, 2);
        Shape x = node.ShapeOf(0), w = node.ShapeOf(1);
        if (w.ToSizes() is null)
            throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Input(1).Name, w.ToString());
        ConvGeometry geometry = ConvGeometry.OfConv(node, w);
        long group = Group(node);
        if (w[0].Size % group != 0)
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"{w[0]} filters cannot be divided into {group} groups");
        if (x[1].IsKnown && x[1].Size != w[1].Size * group)
            throw GraphDiagnostics.ShapeMismatch.Error(
                node.Label, $"the input has {x[1]} channels, but weights {w} with {group} groups take {w[1].Size * group}");
        if (node.InputOrNull(2)?.Shape is { } b && (b.Rank != 1 || (b[0].IsKnown && b[0] != w[0])))
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"the bias is {b} instead of [{w[0]}]");
        node.Define(0, type, geometry.OutputShape(x, w[0]));
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0), w = context.Input(1);
        Tensor? b = context.InputOrNull(2);
        ElementType type = x.Type;
        if (type is ElementType.Float16 or ElementType.BFloat16)
        {
            x = Casting.To(x, ElementType.Float32);
            w = Casting.To(w, ElementType.Float32);
            b = b is null ? null : Casting.To(b, ElementType.Float32);
        }

        int group = (int)Group(context.Node);
        WindowAxis[] axes = ConvGeometry.OfConv(context.Node, w.Shape).Axes(x.Dims);
        Tensor y = context.Allocate(x.Type, [x.Dims[0], w.Dims[0], .. axes.Select(a => a.Output)]);
        if (axes.Length == 3)
        {
            ConvVolumes.Convolve(context, axes, group, new(x, w, b, y));
        }
        else
        {
            WindowAxis vertical = axes.Length == 1 ? WindowAxis.None : axes[0];
            Window2D window = ConvGeometry.ToWindow(x.Dims[0], x.Dims[1], w.Dims[0], vertical, axes[^1]);
            Images(context, new(window, group), new(x, w, b, y));
        }

        context.Output = Casting.To(y, type);
    }

    /// <summary>Convolves images, in the precision of their type.</summary>
    /// <param name="operands">Of float32 or float64.</param>
    internal static void Images(ForwardContext context, in ConvShape shape, in ConvOperands operands)
    {
        if (operands.X.Type == ElementType.Float64)
            Reference<double>(shape, operands);
        else
            ConvForward.Run(shape, operands, context.IsTraining, context.Pool);
    }

    public IReadOnlyList<int> Parameters => [1, 2];

    public int ChannelShift => 2;

    public bool ReadsOutputs => false;

    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), w = context.Input(1), dy = context.OutputGradient;
        Window2D window = ConvGeometry.OfConv(context.Node, w.Shape).ToWindow(x.Dims, w.Dims[0]);
        var gradient = new ConvGradient(new(window, (int)Group(context.Node)), context.Pool);
        if (context.Wants(0)) gradient.Input(w, dy, context.Gradients[0] = context.Allocate(x.Dims), context.Allocate(w.Dims), true);
        if (context.Wants(1)) gradient.Weights(x, dy, Zeros(1));
        if (context.Wants(2)) gradient.Bias(dy, Zeros(2));

        Tensor Zeros(int index) =>
            context.Gradients[index] = context.Zeros(context.Input(index).Dims);
    }

    public override long Macs(Node node) =>
        node.Output.Shape is { } y && node.Input(1).Shape is { } w
            ? y.CountOfOne() * w.Skip(1).Aggregate(1L, (product, dim) => product * dim.Size) : 0;

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        if (node.Input(1).Constant is not { } weights)
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, "weights that are computed");
        int group = (int)Group(node), filters = weights.Dims[0], rank = weights.Rank;
        bool depthwise = group > 1 && group == node.ShapeOf(0)[1].Size;
        var window = WindowLowering.Begin(context, node, ConvGeometry.OfConv(node, weights.Shape));
        (TfliteTensor x, Padding padding) = window.PadInput(null);
        // 1-D kernels become 2-D ones of height 1. OIHW becomes OHWI, for depthwise 1HWO.
        int[] order = depthwise ? [1, 2, 3, 0] : [0, 2, 3, 1];
        TfliteTensor w = context.ConstantInput(
            node, 1, depthwise ? "depthwise" : "filters",
            tensor => AxisOrder.Permute(
                rank == 4 ? tensor : tensor.Reshape([filters, tensor.Dims[1], 1, tensor.Dims[2]]), order),
            axis => axis == 0 ? Array.IndexOf(order, 0) : throw GraphDiagnostics.InvalidGraph.Error(
                node.Label, "the weights have one scale per input channel"));
        bool isAdded = node.InputOrNull(2) is { IsConstant: false } && !context.RunsQuantized(node);
        TfliteTensor b = LayerBias.Of(context, node, isAdded ? -1 : 2, x, w, filters);
        ActivationFunction activation = context.TakeActivation(node);
        (WindowAxis v, WindowAxis h) = window.Axes;
        window.End((inputs, output) =>
        {
            if (isAdded)
            {
                // The bias is known only when the model runs.
                TfliteTensor sum = output;
                output = Lowering.Temporary(node, sum, sum.Dims);
                Emit(inputs, output, ActivationFunction.None);
                new LoweringSteps(context, node).Binary(BuiltinOperator.Add, output, context.Input(node, 2), sum, activation);
                return;
            }

            Emit(inputs, output, activation);
        }, x, w, b);

        void Emit(TfliteTensor?[] inputs, TfliteTensor output, ActivationFunction activation)
        {
            if (depthwise)
                context.Emit(BuiltinOperator.DepthwiseConv2D, inputs, [output], new DepthwiseConv2DOptions(
                    padding, h.Stride, v.Stride, filters / group, activation, h.Dilation, v.Dilation));
            else
                context.Emit(BuiltinOperator.Conv2D, inputs, [output], new Conv2DOptions(
                    padding, h.Stride, v.Stride, activation, h.Dilation, v.Dilation));
        }
    }

    /// <summary>The number of groups.</summary>
    internal static long Group(Node node)
    {
        long group = node.Int("group", 1);
        return group is >= 1 and <= int.MaxValue ? group
            : throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "group", $"is {group}");
    }

    private static void Reference<T>(in ConvShape shape, in ConvOperands operands)
        where T : unmanaged, INumber<T>
    {
        (Window2D s, int group) = shape;
        (Tensor x, Tensor w, Tensor? b, Tensor y) = operands;
        ReadOnlySpan<T> input = x.As<T>(), weights = w.As<T>(), bias = b is null ? default : b.As<T>();
        Span<T> output = y.As<T>();
        int inputs = s.InputChannels / group, outputs = s.OutputChannels / group, at = 0;
        for (int n = 0; n < s.Batch; n++)
        for (int m = 0; m < s.OutputChannels; m++)
        for (int oy = 0; oy < s.OutputHeight; oy++)
        for (int ox = 0; ox < s.OutputWidth; ox++)
        {
            T sum = bias.IsEmpty ? T.Zero : bias[m];
            for (int c = 0; c < inputs; c++)
            for (int ky = 0; ky < s.KernelHeight; ky++)
            for (int kx = 0; kx < s.KernelWidth; kx++)
            {
                int iy = (oy * s.StrideHeight) - s.PadTop + (ky * s.DilationHeight);
                int ix = (ox * s.StrideWidth) - s.PadLeft + (kx * s.DilationWidth);
                if ((uint)iy >= (uint)s.InputHeight || (uint)ix >= (uint)s.InputWidth) continue;
                int channel = (m / outputs * inputs) + c;
                sum += input[(((((n * s.InputChannels) + channel) * s.InputHeight) + iy) * s.InputWidth) + ix]
                    * weights[(((((m * inputs) + c) * s.KernelHeight) + ky) * s.KernelWidth) + kx];
            }

            output[at++] = sum;
        }
    }
}
