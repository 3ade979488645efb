using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Elementwise;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>
/// X resampled to other sizes, by the nearest element, linear or cubic interpolation, axis by axis. How large the result is, input 2
/// (scales)
/// or input 3 (sizes) says; where an element of the result lies in X, <c>coordinate_transformation_mode</c>.
/// </summary>
internal sealed class Resize : Operator, IDifferentiable
{
    private const string Place = "coordinate_transformation_mode";

    public override IReadOnlyList<OpsetStep> Versions { get; } = [10, new(11, PlaceScales), 13, 18, 19];

    public override string Type => "Resize";

    public override Arity Arity => new(1, 4);

    public override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public override int DataInputs => 1;

    public override OperatorTraits Traits(Node node) => node.String("mode", "nearest") == "nearest"
        ? OperatorTraits.Moves | OperatorTraits.Homogeneous : OperatorTraits.None;

    public override string? WhyFloat(Node node) =>
        node.String("mode", "nearest") == "nearest" || ResizeLowering.Builtin(node, KnownScales(node)) is not null
            ? null : "TFLite interpolates integers in another way";

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        Shape x = node.ShapeOf(0);
        float[]? scales = KnownScales(node);
        return Enumerable.Range(0, x.Rank)
            .Where(a => AxisRoutes.IsSame(x[a], node.Output.Shape![a]) && (scales is null || scales[a] == 1))
            .Select(a => new AxisRoute(scales is null && !node.Input(3).IsConstant, AxisPlace.In(0, a), AxisPlace.Out(0, a)));
    }

    public override void Narrow(Graph graph, Node node, AxisCut cut)
    {
        if (node.InputOrNull(3) is not { Constant: { } given }) return;
        long[] sizes = node.Ints(given, "sizes");
        int[] axes = AxesOf(node, node.ShapeOf(0).Rank);
        for (int i = 0; i < sizes.Length; i++) sizes[i] = cut.Kept(node.Output, axes[i])?.Length ?? sizes[i];
        graph.ReplaceConstant(node, 3, Tensor.Vector<long>(sizes));
    }

    public override int MinimumOpset(Node node) =>
        node.String(Place, "") == "half_pixel_symmetric" ? 19 : node.Attributes.ContainsKey("axes") ? 18 : Graph.WrittenOpset;

    public override void Downgrade(Node node, int opset, List<Value?> inputs, IDictionary<string, object> attributes)
    {
        // The graph refuses other values of these than the default.
        attributes.Remove("antialias");
        attributes.Remove("keep_aspect_ratio_policy");
    }

    /// <summary>Brings a node of opset 10, whose second input is the scales, to opset 11.</summary>
    internal static void PlaceScales(Graph graph, Node node)
    {
        Value scales = node.Input(1);
        node.SetInput(1, null);
        node.SetInput(2, scales);
        node.Attributes[Place] = "asymmetric";
        // Opset 10 leaves open which element is nearest; ONNX Runtime rounds down to enlarge, and up to reduce.
        float[] factors = Known(scales) is { Type: ElementType.Float32 } constant ? constant.Span<float>().ToArray() : [];
        bool reduces = Array.Exists(factors, s => s < 1);
        node.Attributes["nearest_mode"] = reduces ? "ceil" : "floor";
        if (reduces && Array.Exists(factors, s => s > 1) && node.String("mode", "nearest") == "nearest") EnlargeFirst(graph, node, factors);
    }

    /// <summary>Leaves the axes that are enlarged to a Resize before a node, which then only reduces.</summary>
    private static void EnlargeFirst(Graph graph, Node node, float[] factors)
    {
        Value larger = new(graph.UniqueName($"{node.Label}_larger"), node.Input(0).Type);
        Node first = graph.InsertBefore(node, new Node("Resize", "", [node.Input(0), null, Scales(s => Math.Max(1, s))], [larger]));
        foreach ((string key, object value) in node.Attributes) first.Attributes[key] = value;
        first.Attributes["nearest_mode"] = "floor";
        node.SetInput(0, larger);
        node.SetInput(2, Scales(s => Math.Min(1, s)));

        Value Scales(Func<float, float> part) => graph.AddConstant($"{node.Label}_scales", Tensor.Vector<float>([.. factors.Select(part)]));
    }

    public override void InferShapes(Node node)
    {
        string mode = node.String("mode", "nearest"), place = node.String(Place, "half_pixel");
        if (mode is not ("nearest" or "linear" or "cubic"))
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, $"mode '{mode}'");
        if (!ResizeTaps.Places.Contains(place))
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, $"coordinate_transformation_mode '{place}'");
        if (node.Int("antialias", 0) != 0 || node.String("keep_aspect_ratio_policy", "stretch") != "stretch")
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, "antialias or keep_aspect_ratio_policy");
        Shape x = node.ShapeOf(0);
        float[]? scales = KnownScales(node);
        long[]? sizes = scales is null ? node.ConstantInts(3, "sizes") : null;
        int[] axes = AxesOf(node, x.Rank);
        if (scales is null && sizes?.Length != axes.Length)
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, "scales or sizes that are not constants, one for each axis");
        bool isBlended = mode == "linear" && ResizeIntegers.Are(node.Input(0).Type);
        node.Define(0, mode == "nearest" || isBlended ? node.CommonType() : node.CommonFloatType(), new Shape(x.Select((d, i) =>
            scales is null ? Array.IndexOf(axes, i) is >= 0 and var at ? sizes![at] : d
            : scales[i] == 1 ? d : d.IsKnown ? Size(node, d.Size, scales[i]) : Scaled(d, scales[i]))));
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        ElementType type = x.Type == ElementType.Float64 ? ElementType.Float64 : ElementType.Float32;
        bool isNearest = context.Node.String("mode", "nearest") == "nearest";
        Tensor y = isNearest ? x : Casting.To(x, type);
        (int Size, float Scale)[] axes = Axes(context.Node, x, context.InputOrNull(2), context.InputOrNull(3));
        if (!isNearest && ResizeIntegers.Are(x.Type))
        {
            context.Output = ResizeIntegers.Blend(context.Node, x, axes);
            return;
        }

        for (int axis = 0; axis < axes.Length; axis++)
        {
            if (IsKept(x, axis, axes)) continue;
            ResizeTaps taps = ResizeTaps.Of(context.Node, x.Dims[axis], axes[axis].Size, axes[axis].Scale);
            int[] dims = y.Dims.ToArray();
            (int from, int inner) = (dims[axis], Inner(dims, axis));
            dims[axis] = taps.Outputs;
            Tensor source = y, target = context.Node.Allocate(isNearest ? x.Type : type, dims);
            if (target.Count == 0)
            {
                y = target;
                continue;
            }

            new PlaneJob(source.Count / (from * inner), outer =>
            {
                if (isNearest) Move(taps, source, target, outer, from, inner);
                else if (type == ElementType.Float64) Blend<double>(taps, source, target, outer, from, inner);
                else Blend<float>(taps, source, target, outer, from, inner);
            }).Run(context.Pool);
            y = target;
        }

        context.Output = isNearest ? y : Casting.To(y, x.Type);
    }

    /// <summary>An element of the result passes its gradient to its sources, in the same shares.</summary>
    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), gradient = context.OutputGradient;
        (int Size, float Scale)[] axes = Axes(context.Node, x, context.InputOrNull(2), context.InputOrNull(3));
        for (int axis = axes.Length - 1; axis >= 0; axis--)
        {
            if (IsKept(x, axis, axes)) continue;
            ResizeTaps taps = ResizeTaps.Of(context.Node, x.Dims[axis], axes[axis].Size, axes[axis].Scale);
            int[] dims = gradient.Dims.ToArray();
            int to = x.Dims[axis], inner = Inner(dims, axis);
            dims[axis] = to;
            Tensor dy = gradient, dx = context.Zeros(dims);
            new PlaneJob(taps.Outputs * inner == 0 ? 0 : dy.Count / (taps.Outputs * inner), outer =>
            {
                ReadOnlySpan<float> given = dy.As<float>().Slice(outer * taps.Outputs * inner, taps.Outputs * inner);
                Span<float> sums = dx.As<float>().Slice(outer * to * inner, to * inner);
                for (int i = 0; i < given.Length; i++)
                {
                    for (int tap = i / inner * taps.Width, end = tap + taps.Width; tap < end; tap++)
                        sums[(taps.Positions[tap] * inner) + (i % inner)] += taps.Shares[tap] * given[i];
                }
            }).Run(context.Pool);
            gradient = dx;
        }

        context.Gradients[0] = gradient;
    }

    public override void Lower(Lowering context, Node node) =>
        ResizeLowering.Lower(context, node, KnownScales(node));

    private static void Move(ResizeTaps taps, Tensor source, Tensor target, int outer, int from, int inner)
    {
        int block = inner * source.Type.Size();
        for (int i = 0; i < taps.Outputs; i++)
            source.Bytes.Span.Slice(((outer * from) + taps.Positions[i]) * block, block)
                .CopyTo(target.Bytes.Span[(((outer * taps.Outputs) + i) * block)..]);
    }

    private static void Blend<T>(ResizeTaps taps, Tensor source, Tensor target, int outer, int from, int inner)
        where T : unmanaged, System.Numerics.INumber<T>
    {
        ReadOnlySpan<T> x = source.As<T>().Slice(outer * from * inner, from * inner);
        Span<T> y = target.As<T>().Slice(outer * taps.Outputs * inner, taps.Outputs * inner);
        for (int i = 0; i < y.Length; i++)
        {
            T sum = T.Zero;
            for (int tap = i / inner * taps.Width, end = tap + taps.Width; tap < end; tap++)
                sum += T.CreateTruncating(taps.Shares[tap]) * x[(taps.Positions[tap] * inner) + (i % inner)];
            y[i] = sum;
        }
    }

    private static int Inner(int[] dims, int axis)
    {
        int inner = 1;
        foreach (int dim in dims.AsSpan(axis + 1)) inner *= dim;
        return inner;
    }

    private static bool IsKept(Tensor x, int axis, (int Size, float Scale)[] axes) =>
        x.Dims[axis] == axes[axis].Size && axes[axis].Scale == 1;

    private static Tensor? Known(Value? value) => value is null ? null : ShapeContents.Tensor(value);

    /// <summary>The axes that scales and sizes are of.</summary>
    private static int[] AxesOf(Node node, int rank) =>
        node.Ints("axes") is { } axes ? node.Axes(axes, rank) : [.. Enumerable.Range(0, rank)];

    /// <summary>The result's size along each axis, and how many times as large that is as X's.</summary>
    private static (int Size, float Scale)[] Axes(Node node, Tensor x, Tensor? scaleInput, Tensor? sizeInput)
    {
        if (Scales(node, scaleInput, x.Rank) is { } scales)
            return [.. scales.Select((s, i) => (Size(node, x.Dims[i], s), s))];
        long[] sizes = node.Ints(sizeInput!, "sizes");
        var all = new (int Size, float Scale)[x.Rank];
        for (int i = 0; i < all.Length; i++) all[i] = (x.Dims[i], 1);
        int[] axes = AxesOf(node, x.Rank);
        for (int i = 0; i < axes.Length; i++)
        {
            int size = x.Dims[axes[i]];
            all[axes[i]] = (checked((int)sizes[i]), size == 0 ? 1 : (float)sizes[i] / size);
        }

        return all;
    }

    private static float[]? KnownScales(Node node) => Scales(node, Known(node.InputOrNull(2)), node.ShapeOf(0).Rank);

    /// <summary>A scale for each axis; null where sizes say how large the result is.</summary>
    private static float[]? Scales(Node node, Tensor? input, int rank)
    {
        if (input is null || input.Count == 0) return null;
        float[] given = input.Type.IsFloat() ? Casting.To(input, ElementType.Float32).As<float>().ToArray() : [], scales = new float[rank];
        int[] axes = AxesOf(node, rank);
        if (given.Length != axes.Length || !Array.TrueForAll(given, s => s > 0 && float.IsFinite(s)))
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"the scales are not {axes.Length} positive numbers");
        Array.Fill(scales, 1);
        for (int i = 0; i < axes.Length; i++) scales[axes[i]] = given[i];
        return scales;
    }

    /// <summary>An open size times a scale that is exact in binary: 2, 0.5, 0.75.</summary>
    private static Dim Scaled(Dim size, float scale)
    {
        const int Below = 1 << 10;
        double above = (double)scale * Below;
        return above == Math.Floor(above) && above < int.MaxValue ? Dim.FloorDivide(size * (long)above, Below) : Dim.Unknown;
    }

    private static int Size(Node node, long size, float scale)
    {
        double scaled = Math.Floor(size * (double)scale);
        return scaled <= int.MaxValue
            ? (int)scaled
            : throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"{size} times {scale} is too large");
    }
}
