using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Emit.Tflite;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;

namespace ModelOpt.Compiler.Operators;

/// <summary>
/// X resampled to other sizes, by the nearest element or linear interpolation, axis by axis. How large the result is, input 2 (scales) or
/// input 3 (sizes) says; where an element of the result lies in X, <c>coordinate_transformation_mode</c>.
/// </summary>
internal sealed class Resize : Operator, IDifferentiable
{
    public override string Type => "Resize";

    public override void InferShapes(Node node)
    {
        string mode = node.String("mode", "nearest"), place = node.String("coordinate_transformation_mode", "half_pixel");
        if (mode is not ("nearest" or "linear"))
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, $"mode '{mode}'");
        if (place is not ("half_pixel" or "pytorch_half_pixel" or "asymmetric" or "align_corners"))
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, $"coordinate_transformation_mode '{place}'");
        if (node.Ints("axes") is not null || node.Int("antialias", 0) != 0 || node.String("keep_aspect_ratio_policy", "stretch") != "stretch")
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, "axes, antialias or keep_aspect_ratio_policy");
        Shape x = node.ShapeOf(0);
        float[]? scales = Scales(node, node.InputOrNull(2)?.Constant, x.Rank);
        long[]? sizes = scales is null ? node.ConstantInts(3, "sizes") : null;
        if (scales is null && sizes?.Length != x.Rank)
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, "scales or sizes that are not constants, one for each axis");
        node.Define(0, node.CommonFloatType(), new Shape(x.Select((d, i) =>
            scales is null ? sizes![i] : scales[i] == 1 ? d : d.IsKnown ? Size(node, d.Size, scales[i]) : Dim.Unknown)));
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        ElementType type = x.Type == ElementType.Float64 ? ElementType.Float64 : ElementType.Float32;
        Tensor y = Casting.To(x, type);
        (int Size, double Scale)[] axes = Axes(context.Node, x, context.InputOrNull(2), context.InputOrNull(3));
        for (int axis = 0; axis < axes.Length; axis++)
        {
            if (IsKept(x, axis, axes)) continue;
            Taps[] taps = TapsOf(context.Node, x.Dims[axis], axes[axis].Size, axes[axis].Scale);
            int[] dims = y.Dims.ToArray();
            (int from, int inner) = (dims[axis], Inner(dims, axis));
            dims[axis] = taps.Length;
            Tensor source = y, target = context.Node.Allocate(type, dims);
            new PlaneJob(from * inner == 0 ? 0 : source.Count / (from * inner), outer =>
            {
                for (int i = 0; i < taps.Length * inner; i++)
                {
                    Taps t = taps[i / inner];
                    int first = (((outer * from) + t.First) * inner) + (i % inner), second = first + ((t.Second - t.First) * inner);
                    int at = (outer * taps.Length * inner) + i;
                    if (type == ElementType.Float64)
                        target.As<double>()[at] = ((1 - t.Share) * source.As<double>()[first]) + (t.Share * source.As<double>()[second]);
                    else
                        target.As<float>()[at] = ((float)(1 - t.Share) * source.As<float>()[first]) + ((float)t.Share * source.As<float>()[second]);
                }
            }).Run(context.Pool);
            y = target;
        }

        context.Output = Casting.To(y, x.Type);
    }

    /// <summary>What an element of the result was made of gets its gradient, in the same shares.</summary>
    /// <param name="context">What was computed.</param>
    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), gradient = context.OutputGradient;
        (int Size, double Scale)[] axes = Axes(context.Node, x, context.InputOrNull(2), context.InputOrNull(3));
        for (int axis = axes.Length - 1; axis >= 0; axis--)
        {
            if (IsKept(x, axis, axes)) continue;
            Taps[] taps = TapsOf(context.Node, x.Dims[axis], axes[axis].Size, axes[axis].Scale);
            int[] dims = gradient.Dims.ToArray();
            int to = x.Dims[axis], inner = Inner(dims, axis);
            dims[axis] = to;
            Tensor dy = gradient, dx = context.Zeros(dims);
            new PlaneJob(taps.Length * inner == 0 ? 0 : dy.Count / (taps.Length * inner), outer =>
            {
                ReadOnlySpan<float> given = dy.As<float>().Slice(outer * taps.Length * inner, taps.Length * inner);
                Span<float> sums = dx.As<float>().Slice(outer * to * inner, to * inner);
                for (int i = 0; i < given.Length; i++)
                {
                    Taps t = taps[i / inner];
                    sums[(t.First * inner) + (i % inner)] += (float)(1 - t.Share) * given[i];
                    sums[(t.Second * inner) + (i % inner)] += (float)t.Share * given[i];
                }
            }).Run(context.Pool);
            gradient = dx;
        }

        context.Gradients[0] = gradient;
    }

    public override void Lower(Lowering context, Node node) =>
        throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, "writing it to TFLite");

    private static int Inner(int[] dims, int axis)
    {
        int inner = 1;
        foreach (int dim in dims.AsSpan(axis + 1)) inner *= dim;
        return inner;
    }

    private static bool IsKept(Tensor x, int axis, (int Size, double Scale)[] axes) => x.Dims[axis] == axes[axis].Size && axes[axis].Scale == 1;

    /// <summary>The result's size along each axis, and how many times as large that is as X's.</summary>
    private static (int Size, double Scale)[] Axes(Node node, Tensor x, Tensor? scaleInput, Tensor? sizeInput)
    {
        if (Scales(node, scaleInput, x.Rank) is { } scales)
            return [.. scales.Select((s, i) => (Size(node, x.Dims[i], s), (double)s))];
        long[] sizes = node.Ints(sizeInput!, "sizes");
        return [.. sizes.Select((s, i) => (checked((int)s), x.Dims[i] == 0 ? 1 : (double)s / x.Dims[i]))];
    }

    private static float[]? Scales(Node node, Tensor? input, int rank)
    {
        if (input is null || input.Count == 0) return null;
        float[] scales = input.Type.IsFloat() ? Casting.To(input, ElementType.Float32).As<float>().ToArray() : [];
        return scales.Length == rank && Array.TrueForAll(scales, s => s > 0 && float.IsFinite(s)) ? scales
            : throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"the scales are not {rank} positive numbers");
    }

    private static int Size(Node node, long size, float scale)
    {
        double scaled = Math.Floor(size * (double)scale);
        return scaled <= int.MaxValue ? (int)scaled : throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"{size} times {scale} is too large");
    }

    /// <summary>The elements of X that each element of the result is made of, and the second one's share.</summary>
    private static Taps[] TapsOf(Node node, int from, int to, double scale)
    {
        bool isLinear = node.String("mode", "nearest") == "linear";
        string place = node.String("coordinate_transformation_mode", "half_pixel"), rounding = node.String("nearest_mode", "round_prefer_floor");
        var taps = new Taps[to];
        for (int i = 0; i < to; i++)
        {
            double x = place switch
            {
                "asymmetric" => i / scale,
                "align_corners" => to == 1 ? 0 : (double)i * (from - 1) / (to - 1),
                "pytorch_half_pixel" when to == 1 => 0,
                _ => ((i + 0.5) / scale) - 0.5,
            };
            if (isLinear)
            {
                x = Math.Clamp(x, 0, from - 1);
                int first = (int)Math.Floor(x);
                taps[i] = new Taps(first, Math.Min(first + 1, from - 1), x - first);
                continue;
            }

            double nearest = rounding switch
            {
                "floor" => Math.Floor(x),
                "ceil" => Math.Ceiling(x),
                "round_prefer_ceil" => Math.Floor(x + 0.5),
                _ => Math.Ceiling(x - 0.5),
            };
            int at = (int)Math.Clamp(nearest, 0, from - 1);
            taps[i] = new Taps(at, at, 0);
        }

        return taps;
    }

    private readonly record struct Taps(int First, int Second, double Share);
}
