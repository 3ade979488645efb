using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Resampling;

/// <summary>
/// The points of a regular grid over an image, moved by theta [N, 2, 3] or, of a volume, [N, 3, 4]: [N, H, W, 2] or [N, D, H, W, 3].
/// Input 1 has the sizes [N, C, (D,) H, W]; coordinates go from −1 to 1, x first.
/// </summary>
internal sealed class AffineGrid : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [20];

    public override Arity Arity => new(2, 2);

    public override ElementKinds Takes(Node node) => ElementKinds.Floats;

    // Points in 256 steps would lie beside the pixels.
    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 1;

    public override OperatorTraits Traits(Node node) => OperatorTraits.Homogeneous;

    public override IEnumerable<AxisRoute> Axes(Node node) =>
    [
        // Input 1 has the batch, too.
        new AxisRoute(true, AxisPlace.In(0, 0), AxisPlace.Out(0, 0)),
        new AxisRoute(true, AxisPlace.In(0, 1), AxisPlace.Out(0, node.Output.Shape!.Rank - 1)),
    ];

    public override void InferShapes(Node node)
    {
        Shape theta = node.ShapeOf(0);
        long[] size = Size(node, node.ConstantInts(1, "size")!);
        int axes = size.Length - 2;
        if (theta.Rank != 3 || theta[1] != axes || theta[2] != axes + 1 || (theta[0].IsKnown && theta[0] != size[0]))
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"theta {theta} does not fit size [{string.Join(", ", size)}]");
        node.Define(0, node.CommonFloatType(), new Shape([theta[0], .. size[2..].Select(d => (Dim)d), axes]));
    }

    public override void Forward(ForwardContext context)
    {
        long[] size = Size(context.Node, context.Node.Ints(context.Input(1), "size"));
        Tensor theta = Casting.To(context.Input(0), ElementType.Float64);
        double[] points = Points(context.Node, size);
        int axes = size.Length - 2, count = points.Length / (axes + 1);
        int[] dims = [theta.Dims[0], .. size[2..].Select(d => (int)d), axes];
        Tensor y = context.Node.Allocate(ElementType.Float64, dims);
        for (int i = 0; i < y.Count; i++)
        {
            ReadOnlySpan<double> row = theta.As<double>().Slice(((i / axes / count * axes) + (i % axes)) * (axes + 1), axes + 1);
            ReadOnlySpan<double> point = points.AsSpan(i / axes % count * (axes + 1), axes + 1);
            for (int k = 0; k <= axes; k++) y.As<double>()[i] += row[k] * point[k];
        }

        context.Output = Casting.To(y, context.Input(0).Type);
    }

    public bool ReadsOutputs => false;

    public void Backward(BackwardContext context)
    {
        Tensor dy = context.OutputGradient, dx = context.Zeros(context.Input(0).Dims);
        double[] points = Points(context.Node, Size(context.Node, context.Node.Ints(context.Input(1), "size")));
        int axes = dx.Dims[1], count = points.Length / (axes + 1);
        var sums = new double[dx.Count];
        for (int i = 0; i < dy.Count; i++)
        {
            int row = ((i / axes / count * axes) + (i % axes)) * (axes + 1);
            for (int k = 0; k <= axes; k++) sums[row + k] += dy.As<float>()[i] * points[(i / axes % count * (axes + 1)) + k];
        }

        for (int i = 0; i < sums.Length; i++) dx.As<float>()[i] = (float)sums[i];
        context.Gradients[0] = dx;
    }

    public override void Lower(Lowering context, Node node)
    {
        TfliteTensor theta = context.Input(node, 0), y = context.Output(node, 0);
        float[] points = Array.ConvertAll(Points(node, Size(node, node.ConstantInts(1, "size")!)), p => (float)p);
        int axes = theta.Dims[1], count = points.Length / (axes + 1);
        TfliteTensor grid = context.Constant($"{node.Label}/points", Tensor.Of<float>([1, count, axes + 1], points));
        TfliteTensor moved = Lowering.Temporary(node, theta, [theta.Dims[0], count, axes]);
        context.Emit(BuiltinOperator.BatchMatMul, [grid, theta], [moved], new BatchMatMulOptions(false, true));
        context.EmitReshape(moved, y);
    }

    private static long[] Size(Node node, long[] given) =>
        given.Length is 4 or 5 && Array.TrueForAll(given, d => d is >= 1 and <= int.MaxValue) ? given
        : throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"size [{string.Join(", ", given)}] is none of an image or a volume");

    /// <summary>The points of the grid, x first, each with a 1 behind.</summary>
    private static double[] Points(Node node, long[] size)
    {
        bool aligns = node.Int("align_corners", 0) != 0;
        int axes = size.Length - 2;
        int[] dims = [.. size[2..].Select(d => (int)d)], shape = [.. dims, axes + 1];
        node.ByteCount(ElementType.Float64, shape);
        var points = new double[DataMovement.Count(shape)];
        int[] strides = DataMovement.Strides(dims);
        for (int i = 0; i < points.Length; i++)
        {
            int axis = axes - 1 - (i % (axes + 1));
            points[i] = axis < 0 ? 1 : Coordinate(i / (axes + 1) / strides[axis] % dims[axis], dims[axis]);
        }

        return points;

        double Coordinate(int index, int length) =>
            aligns ? length == 1 ? -1 : -1 + (2.0 * index / (length - 1)) : -1 + (((2.0 * index) + 1) / length);
    }
}
