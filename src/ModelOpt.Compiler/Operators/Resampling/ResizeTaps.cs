using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Operators.Resampling;

/// <summary>
/// Which elements along an axis each element of a Resize is made of. Coordinates are computed in float32, as ONNX Runtime does: a
/// coordinate
/// that lies on a tie falls to the same side.
/// </summary>
internal sealed class ResizeTaps
{
    /// <summary>The modes of <c>coordinate_transformation_mode</c> that there are.</summary>
    public static readonly string[] Places =
    [
        "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "asymmetric", "align_corners", "tf_half_pixel_for_nn",
        "tf_crop_and_resize",
    ];

    private ResizeTaps(int width, int outputs)
    {
        Width = width;
        Positions = new int[width * outputs];
        Shares = new float[width * outputs];
        IsOutside = new bool[outputs];
    }

    /// <summary>How many elements each is made of: 1 for <c>nearest</c>, 2 for <c>linear</c>, 4 for <c>cubic</c>.</summary>
    public int Width { get; }

    /// <summary>The number of elements of the result.</summary>
    public int Outputs => Positions.Length / Width;

    /// <summary>The positions of each result element's sources.</summary>
    public int[] Positions { get; }

    /// <summary>The share of each position.</summary>
    public float[] Shares { get; }

    /// <summary>Which elements of the result lie outside of X; their shares are 0.</summary>
    public bool[] IsOutside { get; }

    /// <summary>Whether some do.</summary>
    public bool Extrapolates => IsOutside.Contains(true);

    /// <summary>Finds the taps.</summary>
    /// <param name="node">A Resize, with shapes; a region of interest is a constant.</param>
    /// <param name="scale">How many times as long that is, where a scale says so.</param>
    public static ResizeTaps Of(Node node, int axis, int from, int to, float scale)
    {
        string mode = node.String("mode", "nearest"), place = node.String("coordinate_transformation_mode", "half_pixel");
        // A filter against aliasing reaches as much farther as the result is smaller.
        float narrow = node.Int("antialias", 0) != 0 && mode != "nearest" ? Math.Min(scale, 1) : 1;
        int half = mode switch { "cubic" => 2, "linear" => 1, _ => 0 };
        var taps = new ResizeTaps(narrow < 1 ? (2 * (int)MathF.Ceiling(half / narrow)) + 2 : Math.Max(1, 2 * half), to);
        (float Begin, float End)? region = place == "tf_crop_and_resize" ? RegionOf(node, axis) : null;
        float a = node.Float("cubic_coeff_a", -0.75f);
        bool excludes = node.Int("exclude_outside", 0) != 0;
        for (int i = 0; i < to; i++)
        {
            float x = region is { } part ? Place(part.Begin, part.End, i, from, to) : Place(place, i, from, to, scale);
            if (region is not null && (x < 0 || x > from - 1)) taps.IsOutside[i] = true;
            else if (narrow < 1) taps.Filter(i, x, from, narrow, half == 1 ? Triangle : d => Kernel(d, a), excludes);
            else if (mode == "cubic") taps.Cubic(i, x, from, a, excludes);
            else if (mode == "linear") taps.Linear(i, x, from);
            else taps.Nearest(i, x, from, node.String("nearest_mode", "round_prefer_floor"));
        }

        return taps;
    }

    /// <summary>What is added to a result whose elements outside of X are 0: there the node's extrapolation_value.</summary>
    /// <returns>A tensor that broadcasts to the result; null where nothing is added.</returns>
    public static Tensor? Extrapolation(Node node, int rank, IEnumerable<(int Axis, ResizeTaps Taps)> taps)
    {
        float value = node.Float("extrapolation_value", 0);
        (int Axis, ResizeTaps Taps)[] reaching = [.. taps.Where(t => t.Taps.Extrapolates)];
        if (value == 0 || reaching.Length == 0) return null;
        int[] dims = [.. Enumerable.Repeat(1, rank)];
        foreach ((int axis, ResizeTaps along) in reaching) dims[axis] = along.Outputs;
        Tensor result = Tensor.Zeros(ElementType.Float32, dims);
        int[] strides = DataMovement.Strides(dims);
        for (int i = 0; i < result.Count; i++)
        {
            int at = i;
            if (Array.Exists(reaching, t => t.Taps.IsOutside[at / strides[t.Axis] % dims[t.Axis]])) result.As<float>()[i] = value;
        }

        return result;
    }

    /// <summary>The part of an axis that a region of interest says, in lengths of the axis.</summary>
    private static (float Begin, float End) RegionOf(Node node, int axis)
    {
        int[] axes = ResizeSizes.AxesOf(node, node.ShapeOf(0).Rank);
        int at = Array.IndexOf(axes, axis);
        if (at < 0) return (0, 1);
        Tensor? region = node.InputOrNull(1)?.Constant is { } constant && constant.Type.IsFloat()
            ? Casting.To(constant, ElementType.Float32) : null;
        return region?.Count == 2 * axes.Length
            ? (region.As<float>()[at], region.As<float>()[at + axes.Length])
            : throw GraphDiagnostics.UnsupportedForm.Error(
                node.Label, node.Type, "a region of interest that is no constant of begins and ends");
    }

    private static float Place(float begin, float end, int i, int from, int to) =>
        to > 1 ? (begin * (from - 1)) + (i * ((end - begin) * (from - 1)) / (to - 1)) : 0.5f * (begin + end) * (from - 1);

    private static float Place(string mode, int i, int from, int to, float scale) => mode switch
    {
        "asymmetric" => i / scale,
        "align_corners" => to == 1 ? 0 : (float)i * (from - 1) / (to - 1),
        "pytorch_half_pixel" when to == 1 => 0,
        "tf_half_pixel_for_nn" => (i + 0.5f) / scale,
        // If the scale gives a fraction of an element, it is cut off at both ends.
        "half_pixel_symmetric" => (from / 2f * (1 - (to / (scale * from)))) + ((i + 0.5f) / scale) - 0.5f,
        _ => ((i + 0.5f) / scale) - 0.5f,
    };

    private void Nearest(int i, float x, int from, string rounding)
    {
        float nearest = rounding switch
        {
            "floor" => MathF.Floor(x),
            "ceil" => MathF.Ceiling(x),
            "round_prefer_ceil" => MathF.Floor(x + 0.5f),
            _ => MathF.Ceiling(x - 0.5f),
        };
        (Positions[i], Shares[i]) = ((int)Math.Clamp(nearest, 0, from - 1), 1);
    }

    private void Linear(int i, float x, int from)
    {
        x = Math.Clamp(x, 0, from - 1);
        int first = (int)MathF.Floor(x);
        (Positions[2 * i], Positions[(2 * i) + 1]) = (first, Math.Min(first + 1, from - 1));
        (Shares[2 * i], Shares[(2 * i) + 1]) = (1 - (x - first), x - first);
    }

    private static float Triangle(float distance) => Math.Max(0, 1 - MathF.Abs(distance));

    private static float Kernel(float distance, float a)
    {
        float d = MathF.Abs(distance);
        return d <= 1 ? ((((a + 2) * d) - (a + 3)) * d * d) + 1 : d < 2 ? (((((d - 5) * d) + 8) * d) - 4) * a : 0;
    }

    /// <summary>A filter as wide as an element of the result; elements outside repeat those at the ends.</summary>
    private void Filter(int i, float x, int from, float scale, Func<float, float> kernel, bool excludes)
    {
        float sum = 0;
        int first = (int)MathF.Floor(x) - ((Width - 1) / 2);
        for (int tap = 0; tap < Width; tap++)
        {
            int position = first + tap, at = (Width * i) + tap;
            bool isOutside = position < 0 || position >= from;
            Positions[at] = Math.Clamp(position, 0, from - 1);
            sum += Shares[at] = isOutside && excludes ? 0 : kernel((position - x) * scale);
        }

        for (int tap = 0; tap < Width; tap++) Shares[(Width * i) + tap] /= sum;
    }

    private void Cubic(int i, float x, int from, float a, bool excludes)
    {
        int first = (int)MathF.Floor(x) - 1;
        float s = x - MathF.Floor(x), rest = 1 - s, sum = 0;
        ReadOnlySpan<float> shares =
        [
            ((((((a * (s + 1)) - (5 * a)) * (s + 1)) + (8 * a)) * (s + 1)) - (4 * a)),
            (((((a + 2) * s) - (a + 3)) * s * s) + 1),
            (((((a + 2) * rest) - (a + 3)) * rest * rest) + 1),
            ((((((a * (rest + 1)) - (5 * a)) * (rest + 1)) + (8 * a)) * (rest + 1)) - (4 * a)),
        ];
        for (int tap = 0; tap < 4; tap++)
        {
            bool isOutside = first + tap < 0 || first + tap >= from;
            Positions[(4 * i) + tap] = Math.Clamp(first + tap, 0, from - 1);
            sum += Shares[(4 * i) + tap] = isOutside && excludes ? 0 : shares[tap];
        }

        if (!excludes) return;
        for (int tap = 0; tap < 4; tap++) Shares[(4 * i) + tap] /= sum;
    }
}
