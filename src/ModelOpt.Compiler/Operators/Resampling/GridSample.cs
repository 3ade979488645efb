using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Resampling;

/// <summary>
/// X [N, C, (D,) H, W] at the points of a grid [N, (OD,) OH, OW, 2 or 3], whose coordinates go from −1 to 1, x first: [N, C, (OD,) OH, OW].
/// </summary>
internal sealed class GridSample : Operator
{
    private const int MostTaps = 4;

    public override IReadOnlyList<OpsetStep> Versions { get; } = [16, new(20, (_, node) => Rename(node)), 22];

    public override Arity Arity => new(2, 2);

    public override ElementKinds Takes(Node node) => ElementKinds.Floats;

    // Points in 256 steps would lie beside the pixels.
    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 1;

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        yield return new AxisRoute(AxisPlace.In(0, 0), AxisPlace.In(1, 0), AxisPlace.Out(0, 0));
        yield return new AxisRoute(AxisPlace.In(0, 1), AxisPlace.Out(0, 1));
    }

    public override int MinimumOpset(Node node) => node.ShapeOf(0).Rank == 5 ? 20 : Graph.WrittenOpset;

    public override void Downgrade(Node node, int opset, List<Value?> inputs, IDictionary<string, object> attributes)
    {
        if (opset >= 20) return;
        attributes["mode"] = node.String("mode", "linear") switch { "linear" => "bilinear", "cubic" => "bicubic", string mode => mode };
    }

    public override void InferShapes(Node node)
    {
        Shape x = node.ShapeOf(0), grid = node.ShapeOf(1);
        int axes = x.Rank - 2;
        if (!node.Input(1).Type.IsFloat())
            throw GraphDiagnostics.TypeMismatch.Error(node.Label, $"the grid is {node.Input(1).Type}, not a floating-point type");
        if (axes is not (2 or 3) || grid.Rank != x.Rank || grid[^1] != axes || (grid[0].IsKnown && x[0].IsKnown && grid[0] != x[0]))
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"the grid {grid} does not fit an input {x}");
        GridTaps.Of(node);
        if (axes == 3 && GridTaps.Of(node).Mode == GridMode.Cubic)
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, "cubic interpolation of volumes");
        if (x.Skip(2).Any(d => d == 0)) throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"an input {x} has no elements to sample");
        Dim batch = x[0].IsKnown || !grid[0].IsKnown ? x[0] : grid[0];
        node.Define(0, node.Input(0).Type, new Shape([batch, x[1], .. grid.Skip(1).SkipLast(1)]));
    }

    public override void Forward(ForwardContext context)
    {
        GridTaps taps = GridTaps.Of(context.Node);
        Tensor given = context.Input(0), x = Casting.To(given, ElementType.Float64);
        Tensor grid = Casting.To(context.Input(1), ElementType.Float64);
        int axes = x.Rank - 2, channels = x.Dims[1], plane = DataMovement.Count(x.Dims[2..]);
        int points = DataMovement.Count(grid.Dims[1..^1]);
        int[] sizes = [.. x.Dims[2..]];
        Tensor y = context.Node.Allocate(ElementType.Float64, [x.Dims[0], channels, .. grid.Dims[1..^1]]);
        bool isSingle = given.Type != ElementType.Float64 && context.Input(1).Type != ElementType.Float64;
        Span<int> places = stackalloc int[MostTaps];
        Span<double> weights = stackalloc double[MostTaps];
        // (place in the plane, weight) of each element that takes part at a point.
        List<(int Place, double Weight)> parts = [], more = [];
        for (int i = 0; i < x.Dims[0] * points; i++)
        {
            parts.Clear();
            parts.Add((0, 1));
            for (int axis = 0; axis < axes; axis++)
            {
                double position = taps.Position(grid.As<double>()[(i * axes) + axes - 1 - axis], sizes[axis], isSingle);
                taps.Find(position, sizes[axis], places, weights);
                more.Clear();
                foreach ((int place, double weight) in parts)
                {
                    for (int tap = 0; tap < taps.Count; tap++)
                        if (places[tap] >= 0) more.Add(((place * sizes[axis]) + places[tap], weight * weights[tap]));
                }

                (parts, more) = (more, parts);
            }

            for (int c = 0; c < channels; c++)
            {
                ReadOnlySpan<double> from = x.As<double>().Slice(((i / points * channels) + c) * plane, plane);
                double sum = 0;
                foreach ((int place, double weight) in parts) sum += from[place] * weight;
                y.As<double>()[(((i / points * channels) + c) * points) + (i % points)] = sum;
            }
        }

        context.Output = Casting.To(y, given.Type);
    }

    public override void Lower(Lowering context, Node node) => new GridLowering(context, node).Run();

    private static void Rename(Node node)
    {
        string mode = node.String("mode", "bilinear");
        node.Attributes["mode"] = mode switch { "bilinear" => "linear", "bicubic" => "cubic", _ => mode };
    }
}
