using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Resampling;

/// <summary>Between which elements a GridSample interpolates.</summary>
internal enum GridMode
{
    Nearest,
    Linear,
    Cubic,
}

/// <summary>What a GridSample takes outside of its input.</summary>
internal enum GridPadding
{
    Zeros,
    Border,
    Reflection,
}

/// <summary>The attributes of a GridSample, and what they say of a coordinate along one axis.</summary>
/// <param name="Aligns">Whether −1 and 1 are the centres of the first and last element, not their outer edges.</param>
internal sealed record GridTaps(GridMode Mode, GridPadding Padding, bool Aligns)
{
    /// <summary>ONNX's factor of cubic interpolation.</summary>
    public const double CubicFactor = -0.75;

    /// <summary>How many elements take part.</summary>
    public int Count => Mode switch { GridMode.Nearest => 1, GridMode.Linear => 2, _ => 4 };

    /// <summary>The first of them, counted from the one before the coordinate.</summary>
    public int First => Mode == GridMode.Cubic ? -1 : 0;

    /// <summary>Reads the attributes of a node.</summary>
    public static GridTaps Of(Node node) => new(
        node.String("mode", "linear") switch
        {
            "nearest" => GridMode.Nearest,
            "linear" => GridMode.Linear,
            "cubic" => GridMode.Cubic,
            string mode => throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "mode", $"is '{mode}'"),
        },
        node.String("padding_mode", "zeros") switch
        {
            "zeros" => GridPadding.Zeros,
            "border" => GridPadding.Border,
            "reflection" => GridPadding.Reflection,
            string mode => throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "padding_mode", $"is '{mode}'"),
        },
        node.Int("align_corners", 0) != 0);

    /// <summary>The least position that is not outside of an axis; the greatest lies as far from its other end.</summary>
    public double Least => Aligns ? 0 : -0.5;

    /// <summary>The position among elements that a coordinate from −1 to 1 says.</summary>
    /// <param name="isSingle">Whether it is computed in float32, as ONNX Runtime does: half a position may be rounded up or down.</param>
    public double Position(double coordinate, int size, bool isSingle)
    {
        if (!isSingle) return Aligns ? (coordinate + 1) / 2 * (size - 1) : (((coordinate + 1) * size) - 1) / 2;
        float c = (float)coordinate + 1;
        return Aligns ? c / 2 * (size - 1) : ((float)(c * size) - 1) / 2;
    }

    /// <summary>The elements that take part at a position, −1 for none, and their weights.</summary>
    public void Find(double position, int size, Span<int> places, Span<double> weights)
    {
        if (Mode == GridMode.Nearest) position = Math.Round(position);
        // At the border, cubics go on outside, as in ONNX Runtime and PyTorch: each element that takes part is found by itself.
        bool goesOn = Mode == GridMode.Cubic && Padding == GridPadding.Border;
        if (!goesOn && (position < Least || position > size - 1 - Least)) position = Inside(position, size);
        if (!double.IsFinite(position)) position = -8;
        // Far outside, all that takes part is the same.
        position = Math.Clamp(position, -8, size + 8.0);
        double before = Math.Floor(position), rest = position - before;
        for (int tap = 0; tap < Count; tap++)
        {
            places[tap] = Element((int)before + First + tap, size);
            weights[tap] = Weight(tap, rest);
        }
    }

    private double Inside(double position, int size) => Padding switch
    {
        GridPadding.Border => Math.Clamp(position, 0, size - 1),
        GridPadding.Reflection => Reflected(position, size),
        _ => position,
    };

    private int Element(int place, int size) => Padding switch
    {
        GridPadding.Zeros => place >= 0 && place < size ? place : -1,
        GridPadding.Border => Math.Clamp(place, 0, size - 1),
        _ => Math.Clamp((int)Reflected(place, size), 0, size - 1),
    };

    private double Reflected(double position, int size)
    {
        double range = size - 1 - (2 * Least);
        if (range == 0) return 0;
        double distance = Math.Abs(position - Least);
        distance -= Math.Floor(distance / (2 * range)) * 2 * range;
        return Least + Math.Min(distance, (2 * range) - distance);
    }

    private double Weight(int tap, double rest)
    {
        if (Mode == GridMode.Nearest) return 1;
        double x = Math.Abs(First + tap - rest);
        if (Mode == GridMode.Linear) return 1 - x;
        return x <= 1 ? ((((CubicFactor + 2) * x) - (CubicFactor + 3)) * x * x) + 1
            : CubicFactor * ((((x - 5) * x) + 8) * x - 4);
    }
}
