using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Generation;

/// <summary>
/// The matrix that turns a spectrum into bands of the mel scale: [length / 2 + 1, bands]. Inputs: the number of bands, the length of the
/// Fourier transform, the sample rate, the lowest and the highest frequency in Hz.
/// </summary>
internal sealed class MelWeightMatrix : KnownOperator
{
    private const int Inputs = 5;
    private const int MostElements = 1 << 24;

    public override IReadOnlyList<OpsetStep> Versions { get; } = [17];

    public override Arity Arity => new(Inputs, Inputs);

    public override ElementKinds Takes(Node node) => ElementKinds.Integers;

    public override void InferShapes(Node node)
    {
        Dim[] sizes = [Dim.Unknown, Dim.Unknown];
        if (Known(node) is { } known) sizes = [((long)known[1] / 2) + 1, (long)known[0]];
        node.Define(0, OutputType(node), new Shape(sizes));
    }

    public override void Forward(ForwardContext context) => context.Output = Matrix(
        context.Node, Numbers(context.Node, [.. Enumerable.Range(0, Inputs).Select(context.Input)]));

    protected override Tensor Result(Node node) => Known(node) is { } known ? Matrix(node, known)
        : throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Output.Name, node.Output.Shape);

    private static double[]? Known(Node node)
    {
        Tensor?[] known = [.. Enumerable.Range(0, Inputs).Select(i => node.Input(i).Constant ?? ShapeContents.Tensor(node.Input(i)))];
        return known.All(k => k is not null) ? Numbers(node, known!) : null;
    }

    private static double[] Numbers(Node node, Tensor[] given)
    {
        if (given.Any(g => g.Count != 1)) throw GraphDiagnostics.ShapeMismatch.Error(node.Label, "an input is not one number");
        double[] numbers = [.. given.Select(g => Casting.To(g, ElementType.Float64).As<double>()[0])];
        double size = ((numbers[1] / 2) + 1) * numbers[0];
        if (!(numbers[0] >= 0 && numbers[1] > 0 && numbers[2] > 0 && size <= MostElements))
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"{numbers[0]} bands of a transform of {numbers[1]}");
        return numbers;
    }

    /// <summary>A triangle for each band, whose corners are as far apart as those of the others on the mel scale.</summary>
    private static Tensor Matrix(Node node, double[] given)
    {
        int bands = (int)given[0], bins = ((int)given[1] / 2) + 1;
        double low = Mel(given[3]), step = (Mel(given[4]) - low) / (bands + 2);
        double[] corners = [.. Enumerable.Range(0, bands + 2).Select(i => Math.Floor((given[1] + 1) * Hertz(low + (step * i)) / given[2]))];
        if (corners.Any(c => !(c >= 0 && c < bins)))
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"{given[3]} to {given[4]} Hz are not in the spectrum");
        Tensor y = node.Allocate(ElementType.Float64, [bins, bands]);
        for (int band = 0; band < bands; band++)
        {
            double left = corners[band], top = corners[band + 1], right = corners[band + 2];
            for (int bin = 0; bin < bins; bin++)
            {
                double rising = top > left && bin >= left && bin <= top ? (bin - left) / (top - left) : bin == top ? 1 : 0;
                y.As<double>()[(bin * bands) + band] = bin > top && bin < right ? (right - bin) / (right - top) : rising;
            }
        }

        return Casting.To(y, OutputType(node));
    }

    private static double Mel(double hertz) => 2595 * Math.Log10(1 + (hertz / 700));

    private static double Hertz(double mel) => 700 * (Math.Pow(10, mel / 2595) - 1);
}
