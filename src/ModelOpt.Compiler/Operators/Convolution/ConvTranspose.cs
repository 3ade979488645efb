using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Kernels;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Kernels;

namespace ModelOpt.Compiler.Operators.Convolution;

/// <summary>
/// Transposed convolution: X [N, C, (D,) (H,) W], W [C, M/group, (KD,) (KH,) KW], B [M] give [N, M, (OD,) (OH,) OW]; each element of X
/// adds its window, times the weights, to the output. That is the gradient of a convolution's input, and its own gradients are that
/// convolution's others. One over 3 axes becomes a Conv before anything is compressed (<c>VolumeConvolutions</c>).
/// </summary>
internal sealed class ConvTranspose : Operator, IDifferentiable
{
    private const int Largest = 1 << 16;

    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 11, 22];

    public override Arity Arity => new(2, 3);

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 3;

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    // With groups, an output channel of each has the weights of one index.
    public override int WeightAxis(Node node) => Group(node) == 1 ? 1 : -1;

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        yield return new AxisRoute(AxisPlace.In(0, 0), AxisPlace.Out(0, 0));
        Shape w = node.ShapeOf(1);
        long groups = Group(node), outputs = w[1].Size * groups;
        if (groups == 1)
        {
            yield return new AxisRoute(AxisPlace.In(0, 1), AxisPlace.In(1, 0));
            yield return new AxisRoute(AxisPlace.In(1, 1), AxisPlace.In(2, 0), AxisPlace.Out(0, 1));
            yield break;
        }

        int[] inputs = AxisRoutes.Blocks(w[0].Size, w[0].Size / groups), results = AxisRoutes.Blocks(outputs, w[1].Size);
        yield return new AxisRoute(
            AxisPlace.In(0, 1, inputs), AxisPlace.In(1, 0, inputs), AxisPlace.In(2, 0, results), AxisPlace.Out(0, 1, results));
    }

    public override void Narrow(Graph graph, Node node, AxisCut cut)
    {
        if (Group(node) > 1 && cut.Kept(node.Output, 1) is { } kept)
            node.Attributes["group"] = Group(node) * kept.Length / node.Output.Shape![1].Size;
    }

    public override bool WritesWeight(Node node) => node.Input(1).IsConstant;

    public override void InferShapes(Node node)
    {
        ElementType type = node.CommonFloatType(1, 2);
        Shape x = node.ShapeOf(0), w = node.ShapeOf(1);
        int[] weights = w.ToSizes() ?? throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Input(1).Name, w.ToString());
        int rank = x.Rank - 2, group = Group(node);
        if (rank is not (1 or 2 or 3))
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, $"{rank}-dimensional windows; there are 1, 2 and 3");
        if (weights.Length != x.Rank || weights[0] % group != 0 || (x[1].IsKnown && x[1].Size != weights[0]))
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"weights {w} with {group} groups do not fit an input {x}");
        if (node.InputOrNull(2)?.Shape is { } b && (b.Rank != 1 || (b[0].IsKnown && b[0].Size != weights[1] * group)))
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"the bias is {b} instead of [{weights[1] * group}]");
        var dims = new Dim[x.Rank];
        (dims[0], dims[1]) = (x[0], (long)weights[1] * group);
        for (int i = 0; i < rank; i++)
            dims[i + 2] = x[i + 2].IsKnown
                ? Axis(node, i, rank, x[i + 2].Size, weights[i + 2]).Input
                : OpenLength(node, i, x[i + 2], weights[i + 2]);
        node.Define(0, type, new Shape(dims));
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0), w = context.Input(1);
        Tensor? b = context.InputOrNull(2);
        ElementType type = x.Type == ElementType.Float64 ? ElementType.Float64 : ElementType.Float32;
        Tensor source = Casting.To(x, type), weights = Casting.To(w, type);
        int group = Group(context.Node);
        if (x.Rank == 5)
        {
            context.Output = Casting.To(ConvVolumes.Transposed(context, Axes(context.Node, x.Shape, w.Shape), group, source, weights, b),
                x.Type);
            return;
        }

        Window2D window = Window(context.Node, x, w, group);
        int[] dims = x.Rank == 3 ? [window.Batch, window.InputChannels, window.InputWidth]
            : [window.Batch, window.InputChannels, window.InputHeight, window.InputWidth];
        Tensor y = context.Allocate(type, dims);
        if (type == ElementType.Float32)
            new ConvGradient(new(window, group), context.Pool).Input(weights, source, y, Tensor.Zeros(type, w.Dims), context.IsTraining);
        else
            Reference(window, group, source.As<double>(), weights.As<double>(), y.As<double>());
        if (b is not null) AddBias(window, Casting.To(b, type), y);
        context.Output = Casting.To(y, x.Type);
    }

    public IReadOnlyList<int> Parameters => [1, 2];

    public int ChannelShift => 2;

    public bool ReadsOutputs => false;

    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), w = context.Input(1), dy = context.OutputGradient;
        int group = Group(context.Node);
        Window2D window = Window(context.Node, x, w, group);
        if (context.Wants(0))
        {
            Tensor dx = context.Allocate(x.Dims);
            ConvForward.Run(new(window, group), new(dy, w, null, dx), true, context.Pool);
            context.Gradients[0] = dx;
        }

        if (context.Wants(1))
        {
            Tensor dw = context.Zeros(w.Dims);
            new ConvGradient(new(window, group), context.Pool).Weights(dy, x, dw);
            context.Gradients[1] = dw;
        }

        if (!context.Wants(2)) return;
        int channels = window.InputChannels, plane = window.InputHeight * window.InputWidth;
        Tensor db = context.Allocate([channels]);
        new PlaneJob(channels, c =>
        {
            double sum = 0;
            for (int n = 0; n < window.Batch; n++) sum += FixedOrderSum.Of(dy.As<float>().Slice(((n * channels) + c) * plane, plane));
            db.As<float>()[c] = (float)sum;
        }).Run(context.Pool);
        context.Gradients[2] = db;
    }

    public override long Macs(Node node) => node.Input(0).Shape is { } x && node.Input(1).Shape is { } w
        ? x.CountOfOne() * w.Skip(1).Aggregate(1L, (product, dim) => product * dim.Size) : 0;

    /// <summary>
    /// Zeros between the elements of X, padding (negative padding crops), and a convolution with the weights turned round: every runtime
    /// has these, with any dilation and number of groups.
    /// </summary>
    public override void Lower(Lowering context, Node node) => ConvTransposeLowering.Lower(context, node, Group(node), Axis);

    /// <summary>The convolution whose input's gradient this is: from the output [M] to X [C].</summary>
    private static Window2D Window(Node node, Tensor x, Tensor w, int group)
    {
        int rank = x.Rank - 2;
        WindowAxis v = rank == 1 ? WindowAxis.None : Axis(node, 0, rank, x.Dims[2], w.Dims[2]);
        WindowAxis h = Axis(node, rank - 1, rank, x.Dims[^1], w.Dims[^1]);
        return new Window2D(
            x.Dims[0], v.Input, h.Input, w.Dims[1] * group, v.Output, h.Output, w.Dims[0], v.Kernel, h.Kernel, v.Stride, h.Stride,
            v.Dilation, h.Dilation, v.PadBegin, h.PadBegin);
    }

    /// <summary>The window along each axis of a transposed convolution; its Input is the result's length, its Output that of X.</summary>
    /// <param name="x">The shape of X; its spatial sizes are known.</param>
    internal static WindowAxis[] Axes(Node node, Shape x, Shape w) =>
        [.. Enumerable.Range(0, x.Rank - 2).Select(i => Axis(node, i, x.Rank - 2, x[i + 2].Size, (int)w[i + 2].Size))];

    /// <summary>The result's length along an axis of open size: a linear function of that size.</summary>
    private static Dim OpenLength(Node node, int i, Dim size, int kernel)
    {
        const long Sample = 1000;
        int rank = node.ShapeOf(0).Rank - 2;
        long length = Axis(node, i, rank, Sample, kernel).Input, slope = Axis(node, i, rank, Sample + 1, kernel).Input - length;
        return (size * slope) + Dim.Literal(length - (Sample * slope));
    }

    /// <summary>The window along a spatial axis; its Input is the result's length, its Output that of X.</summary>
    /// <param name="size">The length of X.</param>
    internal static WindowAxis Axis(Node node, int i, int rank, long size, int kernel)
    {
        long stride = Number("strides", rank, i, 1, 1), dilation = Number("dilations", rank, i, 1, 1),
            more = Number("output_padding", rank, i, 0, 0);
        long begin = Number("pads", 2 * rank, i, 0, 0), end = Number("pads", 2 * rank, i + rank, 0, 0);
        string auto = node.String("auto_pad", "NOTSET");
        long whole = (stride * (size - 1)) + more + ((kernel - 1) * dilation) + 1, output = whole - begin - end;
        bool isStated = node.Ints("output_shape") is { Length: > 0 };
        if (isStated || auto is "SAME_UPPER" or "SAME_LOWER")
        {
            // Crops half at each end, the odd element at the end for SAME_UPPER.
            output = isStated ? Number("output_shape", rank, i, 1, 1) : size * stride;
            long cut = Math.Max(0, whole - output);
            begin = auto == "SAME_UPPER" ? cut / 2 : cut - (cut / 2);
            end = cut - begin;
        }
        else if (auto == "VALID")
        {
            (begin, end, output) = (0, 0, whole);
        }
        else if (auto != "NOTSET")
        {
            throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "auto_pad", $"is '{auto}'");
        }

        if (output < 1 || output > int.MaxValue)
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"an input of {size} gives an output of {output}");
        return new WindowAxis((int)output, (int)size, kernel, (int)stride, (int)dilation, (int)begin, (int)end);

        long Number(string name, int count, int index, long fallback, long least)
        {
            if (node.Ints(name) is not { } values) return fallback;
            if (values.Length != count || values[index] < least || values[index] > Largest)
                throw GraphDiagnostics.InvalidAttribute.Error(node.Label, name, $"is [{string.Join(", ", values)}]");
            return values[index];
        }
    }

    /// <summary>The number of groups.</summary>
    internal static int Group(Node node)
    {
        long group = node.Int("group", 1);
        return group is >= 1 and <= int.MaxValue
            ? (int)group
            : throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "group", $"is {group}");
    }

    private static void AddBias(in Window2D window, Tensor b, Tensor y)
    {
        int plane = window.InputHeight * window.InputWidth;
        for (int at = 0, c = 0; at < y.Count; at += plane, c = (c + 1) % window.InputChannels)
        {
            if (y.Type == ElementType.Float32) foreach (ref float element in y.As<float>().Slice(at, plane)) element += b.As<float>()[c];
            else foreach (ref double element in y.As<double>().Slice(at, plane)) element += b.As<double>()[c];
        }
    }

    /// <summary>The definition, in double precision.</summary>
    private static void Reference(in Window2D s, int group, ReadOnlySpan<double> x, ReadOnlySpan<double> w, Span<double> y)
    {
        y.Clear();
        int from = s.OutputChannels / group, to = s.InputChannels / group, at = 0;
        for (int n = 0; n < s.Batch; n++)
        for (int c = 0; c < s.OutputChannels; c++)
        for (int oy = 0; oy < s.OutputHeight; oy++)
        for (int ox = 0; ox < s.OutputWidth; ox++, at++)
        for (int m = 0; m < to; m++)
        for (int ky = 0; ky < s.KernelHeight; ky++)
        for (int kx = 0; kx < s.KernelWidth; kx++)
        {
            int iy = (oy * s.StrideHeight) - s.PadTop + (ky * s.DilationHeight),
                ix = (ox * s.StrideWidth) - s.PadLeft + (kx * s.DilationWidth);
            if ((uint)iy >= (uint)s.InputHeight || (uint)ix >= (uint)s.InputWidth) continue;
            y[(((((n * s.InputChannels) + (c / from * to) + m) * s.InputHeight) + iy) * s.InputWidth) + ix] +=
                x[at] * w[(((((c * to) + m) * s.KernelHeight) + ky) * s.KernelWidth) + kx];
        }
    }
}
