using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Operators.Resampling;

/// <summary>How large the result of a Resize is: what its scales, sizes, axes and policy say.</summary>
internal static class ResizeSizes
{
    /// <summary>The attribute that says where an element of the result lies in X.</summary>
    public const string Place = "coordinate_transformation_mode";

    /// <summary>Whether a region of interest may leave out a part of an axis.</summary>
    public static bool IsCropped(Node node, int axis) =>
        node.String(Place, "") == "tf_crop_and_resize" && AxesOf(node, node.ShapeOf(0).Rank).Contains(axis);

    /// <summary>An input's elements where they are known before the model runs.</summary>
    public static Tensor? Known(Value? value) => value is null ? null : ShapeContents.Tensor(value);

    /// <summary>The axes that scales and sizes are of.</summary>
    public static int[] AxesOf(Node node, int rank) =>
        node.Ints("axes") is { } axes ? node.Axes(axes, rank) : [.. Enumerable.Range(0, rank)];

    /// <summary>The result's size along each axis, and how many times as large that is as X's.</summary>
    public static (int Size, float Scale)[] Targets(Node node, Tensor x, Tensor? scaleInput, Tensor? sizeInput)
    {
        if (Scales(node, scaleInput, x.Rank) is { } scales)
            return [.. scales.Select((s, i) => (Size(node, x.Dims[i], s), s))];
        long[] sizes = node.Ints(sizeInput!, "sizes");
        if (Policy(node) != "stretch")
        {
            float common = CommonScale(node, sizes, new Shape(x.Dims.ToArray().Select(d => (Dim)d)));
            int[] scaled = AxesOf(node, x.Rank);
            return
            [
                .. Enumerable.Range(0, x.Rank)
                    .Select(i => scaled.Contains(i) ? (Rounded(x.Dims[i], common), common) : (x.Dims[i], 1f)),
            ];
        }

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

    /// <summary>The scales that are known before the model runs; null where sizes say how large the result is.</summary>
    public static float[]? KnownScales(Node node)
    {
        Shape x = node.ShapeOf(0);
        if (Scales(node, Known(node.InputOrNull(2)), x.Rank) is { } scales) return scales;
        if (Policy(node) == "stretch" || node.ConstantInts(3, "sizes") is not { } sizes) return null;
        int[] axes = AxesOf(node, x.Rank);
        if (sizes.Length != axes.Length || axes.Any(a => !x[a].IsKnown)) return null;
        float common = CommonScale(node, sizes, x);
        return [.. Enumerable.Range(0, x.Rank).Select(i => axes.Contains(i) ? common : 1)];
    }

    /// <summary>How sizes are taken: as they are, or as bounds that keep the ratio of the axes.</summary>
    public static string Policy(Node node) => node.String("keep_aspect_ratio_policy", "stretch");

    /// <summary>The scale of all axes that keeps their ratio: the least, or with not_smaller the greatest, that sizes ask for.</summary>
    public static float CommonScale(Node node, long[] sizes, Shape x)
    {
        IEnumerable<float> scales = AxesOf(node, x.Rank).Select((axis, i) => (float)sizes[i] / Math.Max(1, x[axis].Size));
        return Policy(node) == "not_smaller" ? scales.Max() : scales.Min();
    }

    /// <summary>A size times a common scale.</summary>
    public static int Rounded(long size, float scale) =>
        (int)Math.Clamp(MathF.Round(size * scale, MidpointRounding.AwayFromZero), 0, int.MaxValue / 2);

    /// <summary>A scale for each axis; null where sizes say how large the result is.</summary>
    public static float[]? Scales(Node node, Tensor? input, int rank)
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
    public static Dim Scaled(Dim size, float scale)
    {
        const int Below = 1 << 10;
        double above = (double)scale * Below;
        return above == Math.Floor(above) && above < int.MaxValue ? Dim.FloorDivide(size * (long)above, Below) : Dim.Unknown;
    }

    public static int Size(Node node, long size, float scale)
    {
        double scaled = Math.Floor(size * (double)scale);
        return scaled <= int.MaxValue
            ? (int)scaled
            : throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"{size} times {scale} is too large");
    }
}
