using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Resampling;

/// <summary>
/// Regions of X [N, C, H, W], each in output_height × output_width bins: the mean of points in a bin, between elements; or the largest part
/// that an element has in a point, which is what ONNX and ONNX Runtime call the largest. Input 1 has the regions [R, 4] as x1, y1, x2, y2,
/// input 2 the image of each [R].
/// </summary>
internal sealed class RoiAlign : Operator
{
    private const int MostPoints = 64;

    public override IReadOnlyList<OpsetStep> Versions { get; } =
        [10, new(16, (_, node) => node.Attributes[Transformation] = OutputHalfPixel), 22];

    public override Arity Arity => new(3, 3);

    public override ElementKinds Takes(Node node) => ElementKinds.Floats;

    // Corners in 256 steps would lie beside the pixels.
    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 1;

    public override OperatorTraits Traits(Node node) => OperatorTraits.Homogeneous;

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        yield return new AxisRoute(AxisPlace.In(1, 0), AxisPlace.In(2, 0), AxisPlace.Out(0, 0));
        yield return new AxisRoute(AxisPlace.In(0, 1), AxisPlace.Out(0, 1));
    }

    private const string Transformation = "coordinate_transformation_mode", OutputHalfPixel = "output_half_pixel";

    public override void InferShapes(Node node)
    {
        Shape x = node.ShapeOf(0), rois = node.ShapeOf(1), images = node.ShapeOf(2);
        var options = Options.Of(node);
        ElementType type = node.CommonFloatType(1);
        if (node.Input(2).Type != ElementType.Int64)
            throw GraphDiagnostics.TypeMismatch.Error(node.Label, $"the images' numbers are {node.Input(2).Type}, not int64");
        if (x.Rank != 4 || rois.Rank != 2 || rois[1] != 4 || images.Rank != 1)
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"regions {rois} with {images} numbers do not fit an input {x}");
        node.Define(0, type, new Shape(rois[0], x[1], options.Height, options.Width));
    }

    public override void Forward(ForwardContext context)
    {
        var options = Options.Of(context.Node);
        Tensor given = context.Input(0), x = Casting.To(given, ElementType.Float64);
        Tensor rois = Casting.To(context.Input(1), ElementType.Float64);
        ReadOnlySpan<long> images = context.Input(2).As<long>();
        int channels = x.Dims[1], high = x.Dims[2], wide = x.Dims[3], count = rois.Dims[0];
        Tensor y = context.Node.Allocate(ElementType.Float64, [count, channels, options.Height, options.Width]);
        for (int i = 0; i < y.Count; i++)
        {
            int column = i % options.Width, row = i / options.Width % options.Height, bin = i / options.Width / options.Height;
            int roi = bin / channels;
            if (images[roi] < 0 || images[roi] >= x.Dims[0])
                throw GraphDiagnostics.ShapeMismatch.Error(context.Node.Label, $"image {images[roi]} is none of {x.Dims[0]}");
            ReadOnlySpan<double> corners = rois.As<double>().Slice(roi * 4, 4);
            int start = (((int)images[roi] * channels) + (bin % channels)) * high * wide;
            ReadOnlySpan<double> plane = x.As<double>().Slice(start, high * wide);
            (double top, double tall) = options.Bin(corners[1], corners[3], options.Height, row);
            (double left, double broad) = options.Bin(corners[0], corners[2], options.Width, column);
            int rows = options.Points(tall), columns = options.Points(broad);
            double sum = 0, most = double.NegativeInfinity;
            for (int point = 0; point < rows * columns; point++)
            {
                double below = ((point / columns) + 0.5) * tall / rows, beside = ((point % columns) + 0.5) * broad / columns;
                (double mean, double largest) = At(plane, high, wide, top + below, left + beside);
                sum += mean;
                most = Math.Max(most, largest);
            }

            y.As<double>()[i] = rows * columns == 0 ? 0 : options.IsMax ? most : sum / (rows * columns);
        }

        context.Output = Casting.To(y, given.Type);
    }

    /// <summary>An image between its elements, and the largest part of one in that: 0 further than one element outside.</summary>
    private static (double Sum, double Largest) At(ReadOnlySpan<double> plane, int high, int wide, double row, double column)
    {
        if (!(row >= -1 && row <= high && column >= -1 && column <= wide)) return (0, 0);
        row = Math.Clamp(row, 0, high - 1);
        column = Math.Clamp(column, 0, wide - 1);
        int top = (int)row, left = (int)column, bottom = Math.Min(top + 1, high - 1), right = Math.Min(left + 1, wide - 1);
        double down = row - top, over = column - left;
        double a = plane[(top * wide) + left] * (1 - over) * (1 - down), b = plane[(top * wide) + right] * over * (1 - down);
        double c = plane[(bottom * wide) + left] * (1 - over) * down, d = plane[(bottom * wide) + right] * over * down;
        return (a + b + c + d, Math.Max(Math.Max(a, b), Math.Max(c, d)));
    }

    public override void Lower(Lowering context, Node node)
    {
        var options = Options.Of(node);
        if (options.Ratio == 0)
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, "as many points in a bin as it is long (sampling_ratio 0)");
        if (options.Ratio * options.Ratio > MostPoints)
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, $"more than {MostPoints} points in a bin");
        new RegionLowering(context, node, options.Height, options.Width, options.Ratio, options.Scale, options.IsHalf, options.IsMax)
            .Run();
    }

    /// <summary>The attributes of a node.</summary>
    private sealed record Options(int Height, int Width, int Ratio, float Scale, bool IsHalf, bool IsMax)
    {
        private const int Largest = 1 << 12;

        public static Options Of(Node node)
        {
            string transformation = node.String(Transformation, "half_pixel");
            if (transformation is not ("half_pixel" or OutputHalfPixel))
                throw GraphDiagnostics.InvalidAttribute.Error(node.Label, Transformation, $"is '{transformation}'");
            string mode = node.String("mode", "avg");
            if (mode is not ("avg" or "max")) throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "mode", $"is '{mode}'");
            return new Options(
                Size(node, "output_height", 1, 1), Size(node, "output_width", 1, 1), Size(node, "sampling_ratio", 0, 0),
                node.Float("spatial_scale", 1), transformation == "half_pixel", mode == "max");
        }

        /// <summary>Where a bin begins along an axis, and its length.</summary>
        public (double Begin, double Length) Bin(double begin, double end, int bins, int bin)
        {
            double offset = IsHalf ? 0.5 : 0, first = (begin * Scale) - offset, length = (end * Scale) - offset - first;
            if (!IsHalf) length = Math.Max(length, 1);
            return (first + (bin * length / bins), length / bins);
        }

        public int Points(double length) => Ratio > 0 ? Ratio : (int)Math.Clamp(Math.Ceiling(length), 0, Largest);

        private static int Size(Node node, string name, int fallback, int least) =>
            node.Int(name, fallback) is var size && size >= least && size <= Largest ? (int)size
            : throw GraphDiagnostics.InvalidAttribute.Error(node.Label, name, $"is {size}");
    }
}
