using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Generation;
using static ModelOpt.Compiler.Operators.Resampling.ResizeSizes;

namespace ModelOpt.Compiler.Operators.Resampling;

/// <summary>
/// X resampled to other sizes, by the nearest element, linear or cubic interpolation, axis by axis. How large the result is, input 2
/// (scales)
/// or input 3 (sizes) says; where an element of the result lies in X, <c>coordinate_transformation_mode</c>.
/// </summary>
internal sealed class Resize : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [10, new(11, PlaceScales), 13, 18, 19];

    public override Arity Arity => new(1, 4);

    public override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public override int DataInputs => 1;

    public override OperatorTraits Traits(Node node) => node.String("mode", "nearest") == "nearest"
        ? OperatorTraits.Moves | OperatorTraits.Homogeneous : OperatorTraits.None;

    public override string? WhyFloat(Node node) =>
        (node.String("mode", "nearest") == "nearest" && node.String(Place, "") != "tf_crop_and_resize")
            || ResizeLowering.Builtin(node, KnownScales(node)) is not null ? null : "TFLite interpolates integers in another way";

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        Shape x = node.ShapeOf(0);
        float[]? scales = KnownScales(node);
        return Enumerable.Range(0, x.Rank)
            .Where(a => AxisRoutes.IsSame(x[a], node.Output.Shape![a]) && (scales is null || scales[a] == 1))
            .Where(a => !IsCropped(node, a))
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
        node.String(Place, "") == "half_pixel_symmetric" ? 19
        : node.Attributes.ContainsKey("axes") || node.Int("antialias", 0) != 0 || Policy(node) != "stretch" ? 18 : Graph.WrittenOpset;

    public override void Downgrade(Node node, int opset, List<Value?> inputs, IDictionary<string, object> attributes)
    {
        if (node.Int("antialias", 0) == 0) attributes.Remove("antialias");
        if (Policy(node) == "stretch") attributes.Remove("keep_aspect_ratio_policy");
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
        if (Policy(node) is not ("stretch" or "not_larger" or "not_smaller"))
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, $"keep_aspect_ratio_policy '{Policy(node)}'");
        Shape x = node.ShapeOf(0);
        CheckRegion(node, mode, place);
        float[]? scales = KnownScales(node);
        IReadOnlyList<Dim>? sizes = scales is null ? ShapeContents.Of(node.InputOrNull(3)) : null;
        int[] axes = AxesOf(node, x.Rank);
        if (scales is null && sizes?.Count != axes.Length)
            throw GraphDiagnostics.UnsupportedForm.Error(
                node.Label, Type, "scales or sizes that do not follow from those of the inputs, one for each axis");
        if (Policy(node) != "stretch" && node.InputOrNull(3) is not null)
        {
            if (axes.Any(a => !x[a].IsKnown)) throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Input(0).Name, x);
            node.Define(0, node.CommonType(), new Shape(x.Select((d, i) => axes.Contains(i) ? Rounded(d.Size, scales![i]) : d)));
            return;
        }

        bool isBlended = mode == "linear" && ResizeIntegers.Are(node.Input(0).Type);
        node.Define(0, mode == "nearest" || isBlended ? node.CommonType() : node.CommonFloatType(), new Shape(x.Select((d, i) =>
            scales is null ? Array.IndexOf(axes, i) is >= 0 and var at ? sizes![at] : d
            : scales[i] == 1 ? d : d.IsKnown ? Size(node, d.Size, scales[i]) : Scaled(d, scales[i]))));
    }

    private static void CheckRegion(Node node, string mode, string place)
    {
        bool isInteger = !node.Input(0).Type.IsFloat();
        if (node.Int("antialias", 0) != 0 && mode != "nearest" && isInteger)
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, "Resize", "antialias of integers");
        if (place != "tf_crop_and_resize") return;
        if (isInteger) throw GraphDiagnostics.UnsupportedForm.Error(node.Label, "Resize", "tf_crop_and_resize of integers");
        if (node.InputOrNull(1) is not { IsConstant: true })
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, "Resize", "a region of interest that is not constant");
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        ElementType type = x.Type == ElementType.Float64 ? ElementType.Float64 : ElementType.Float32;
        bool isNearest = context.Node.String("mode", "nearest") == "nearest";
        // Where nothing is extrapolated, elements of any type move.
        bool isMoved = isNearest && context.Node.String(Place, "") != "tf_crop_and_resize";
        Tensor y = isMoved ? x : Casting.To(x, type);
        (int Size, float Scale)[] axes = Targets(context.Node, x, context.InputOrNull(2), context.InputOrNull(3));
        if (!isNearest && ResizeIntegers.Are(x.Type))
        {
            context.Output = ResizeIntegers.Blend(context.Node, x, axes);
            return;
        }

        List<(int Axis, ResizeTaps Taps)> all = [];
        for (int axis = 0; axis < axes.Length; axis++)
        {
            if (IsKept(context.Node, x, axis, axes)) continue;
            ResizeTaps taps = ResizeTaps.Of(context.Node, axis, x.Dims[axis], axes[axis].Size, axes[axis].Scale);
            all.Add((axis, taps));
            int[] dims = y.Dims.ToArray();
            (int from, int inner) = (dims[axis], Inner(dims, axis));
            dims[axis] = taps.Outputs;
            Tensor source = y, target = context.Node.Allocate(isMoved ? x.Type : type, dims);
            if (target.Count == 0)
            {
                y = target;
                continue;
            }

            new PlaneJob(source.Count / (from * inner), outer =>
            {
                if (isNearest && !taps.Extrapolates) Move(taps, source, target, outer, from, inner);
                else if (type == ElementType.Float64) Blend<double>(taps, source, target, outer, from, inner);
                else Blend<float>(taps, source, target, outer, from, inner);
            }).Run(context.Pool);
            y = target;
        }

        if (ResizeTaps.Extrapolation(context.Node, x.Rank, all) is { } added) y = Sum(y, added);
        context.Output = isMoved ? y : Casting.To(y, x.Type);
    }

    /// <summary>An element of the result passes its gradient to its sources, in the same shares.</summary>
    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), gradient = context.OutputGradient;
        (int Size, float Scale)[] axes = Targets(context.Node, x, context.InputOrNull(2), context.InputOrNull(3));
        for (int axis = axes.Length - 1; axis >= 0; axis--)
        {
            if (IsKept(context.Node, x, axis, axes)) continue;
            ResizeTaps taps = ResizeTaps.Of(context.Node, axis, x.Dims[axis], axes[axis].Size, axes[axis].Scale);
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

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node) =>
        ResizeLowering.Lower(context, node, KnownScales(node));

    private static Tensor Sum(Tensor y, Tensor added)
    {
        int[] strides = DataMovement.Strides(added.Dims);
        for (int axis = 0; axis < y.Rank; axis++) strides[axis] = added.Dims[axis] == 1 ? 0 : strides[axis];
        int[] dims = y.Dims.ToArray(), steps = DataMovement.Strides(dims);
        for (int i = 0; i < y.Count; i++)
        {
            int from = 0;
            for (int axis = 0; axis < dims.Length; axis++) from += i / steps[axis] % dims[axis] * strides[axis];
            if (y.Type == ElementType.Float64) y.As<double>()[i] += added.As<float>()[from];
            else y.As<float>()[i] += added.As<float>()[from];
        }

        return y;
    }

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

    private static bool IsKept(Node node, Tensor x, int axis, (int Size, float Scale)[] axes) =>
        x.Dims[axis] == axes[axis].Size && axes[axis].Scale == 1 && !IsCropped(node, axis);
}
