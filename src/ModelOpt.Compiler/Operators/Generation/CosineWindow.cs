using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Generation;

/// <summary>A window of the length in input 0: a − b · cos(x) + c · cos(2 x), x from 0 to 2π; <c>periodic</c> leaves the end out.</summary>
internal abstract class CosineWindow(double a, double b, double c = 0) : KnownOperator
{
    // ONNX Runtime's, of which integers are cut off.
    private const double Pi = 3.14159265;
    private const int Most = 1 << 24;

    public sealed override IReadOnlyList<OpsetStep> Versions { get; } = [17];

    public sealed override Arity Arity => new(1, 1);

    public sealed override ElementKinds Takes(Node node) => ElementKinds.Integers;

    public sealed override void InferShapes(Node node) => node.Define(
        0, OutputType(node), new Shape(ShapeContents.Tensor(node.Input(0)) is { } known ? Length(node, known) : Dim.Unknown));

    public sealed override void Forward(ForwardContext context) => context.Output = Window(context.Node, context.Input(0));

    protected sealed override Tensor Result(Node node) => ShapeContents.Tensor(node.Input(0)) is { } known ? Window(node, known)
        : throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Output.Name, node.Output.Shape);

    private Tensor Window(Node node, Tensor given)
    {
        Tensor y = node.Allocate(ElementType.Float64, [Length(node, given)]);
        double step = 2 * Pi / (node.Int("periodic", 1) != 0 ? y.Count : y.Count - 1);
        for (int i = 0; i < y.Count; i++) y.As<double>()[i] = a - (b * Math.Cos(step * i)) + (c * Math.Cos(2 * step * i));
        return Casting.To(y, OutputType(node));
    }

    private static int Length(Node node, Tensor given) => given.Count == 1 && given.ToInt64s()[0] is >= 0 and <= Most and var length
        ? (int)length : throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"the length is not one number of 0 to {Most}");
}
