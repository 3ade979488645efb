using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Elementwise;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>
/// Which elements along an axis each element of a Resize is made of. Coordinates are computed in float32, as ONNX Runtime does: a
/// coordinate
/// that lies on a tie falls to the same side.
/// </summary>
internal sealed class ResizeTaps
{
    /// <summary>The modes of <c>coordinate_transformation_mode</c> that there are.</summary>
    public static readonly string[] Places =
        ["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "asymmetric", "align_corners", "tf_half_pixel_for_nn"];

    private ResizeTaps(int width, int outputs)
    {
        Width = width;
        Positions = new int[width * outputs];
        Shares = new float[width * outputs];
    }

    /// <summary>How many elements each is made of: 1 for <c>nearest</c>, 2 for <c>linear</c>, 4 for <c>cubic</c>.</summary>
    public int Width { get; }

    /// <summary>The number of elements of the result.</summary>
    public int Outputs => Positions.Length / Width;

    /// <summary>The positions of each result element's sources.</summary>
    public int[] Positions { get; }

    /// <summary>The share of each position.</summary>
    public float[] Shares { get; }

    /// <summary>Finds the taps.</summary>
    /// <param name="from">The length of the axis.</param>
    /// <param name="to">The length of the result's axis.</param>
    /// <param name="scale">How many times as long that is, where a scale says so.</param>
    public static ResizeTaps Of(Node node, int from, int to, float scale)
    {
        string mode = node.String("mode", "nearest");
        var taps = new ResizeTaps(mode switch { "cubic" => 4, "linear" => 2, _ => 1 }, to);
        for (int i = 0; i < to; i++)
        {
            float x = Place(node.String("coordinate_transformation_mode", "half_pixel"), i, from, to, scale);
            if (mode == "cubic") taps.Cubic(i, x, from, node.Float("cubic_coeff_a", -0.75f), node.Int("exclude_outside", 0) != 0);
            else if (mode == "linear") taps.Linear(i, x, from);
            else taps.Nearest(i, x, from, node.String("nearest_mode", "round_prefer_floor"));
        }

        return taps;
    }

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
