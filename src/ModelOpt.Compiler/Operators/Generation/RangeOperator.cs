using System.Numerics;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Generation;

/// <summary>Numbers from input 0 up to, but without, input 1 in steps of input 2.</summary>
internal sealed class RangeOperator : KnownOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [11, 27];

    public override string Type => "Range";

    public override Arity Arity => new(3, 3);

    public override void InferShapes(Node node)
    {
        ElementType type = node.CommonType(1, 2);
        if (Known(node) is { } known)
        {
            Tensor numbers = Numbers(node, known[0], known[1], known[2]);
            IReadOnlyList<Dim>? content = type is ElementType.Int64 or ElementType.Int32 && numbers.Count <= 64
                ? ShapeContents.Of(numbers.ToInt64s()) : null;
            node.Define(0, type, numbers.Shape, content);
            return;
        }

        Dim[] bounds = [.. Enumerable.Range(0, 3).Select(i => Bound(node.Input(i)))];
        bool isRising = bounds[2].Number() > 0;
        node.Define(0, type, new Shape([isRising ? Dim.Max(Dim.CeilDivide(bounds[1] - bounds[0], bounds[2]), 0) : Dim.Unknown]));
    }

    public override void Forward(ForwardContext context) =>
        context.Output = Numbers(context.Node, context.Input(0), context.Input(1), context.Input(2));

    protected override Tensor Result(Node node) => Known(node) is { } known ? Numbers(node, known[0], known[1], known[2])
        : throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Output.Name, node.Output.Shape);

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        if (Known(node) is not null)
        {
            base.Lower(context, node);
            return;
        }

        var steps = new LoweringSteps(context, node);
        TfliteTensor y = context.Output(node, 0);
        Dim[] sizes = [.. Enumerable.Range(0, 3).Select(i => Bound(node.Input(i)))];
        bool isOfSizes = Array.TrueForAll(sizes, d => d != Dim.Unknown && !d.IsComputed);
        TfliteTensor[] bounds = [.. Enumerable.Range(0, 3).Select(i => steps.Reshape(
            isOfSizes ? new SizeSteps(context, node).Vector([sizes[i]]) : context.Input(node, i), []))];
        TfliteTensor result = bounds[0].Type == y.Type ? y : Lowering.Temporary(node, bounds[0].Type, y.Dims, y.OpenAxis);
        context.Emit(BuiltinOperator.Range, bounds, [result]);
        if (result != y) steps.Cast(result, y.Type, y);
    }

    // Detectors count their cells in floats, up to a size that was cast to one.
    private static Dim Bound(Value value) =>
        ShapeContents.Of(value) is [var dim] ? dim
        : !value.Type.IsFloat() ? Dim.Unknown
        : value.Constant is { Count: 1 } constant ? Whole(Elements.ToFloats(constant)[0])
        : value.Producer is { Type: "Cast", Domain: "" } cast && !cast.Input(0).Type.IsFloat() ? Bound(cast.Input(0))
        : Dim.Unknown;

    private static Dim Whole(float number) =>
        Math.Abs(number) <= 1 << 24 && number == MathF.Round(number) ? Dim.Literal((long)number) : Dim.Unknown;

    private static Tensor[]? Known(Node node)
    {
        Tensor?[] known = [.. Enumerable.Range(0, 3).Select(i => ShapeContents.Tensor(node.Input(i)))];
        return known.All(k => k is not null) ? [.. known.Select(k => k!)] : null;
    }

    private static Tensor Numbers(Node node, Tensor start, Tensor limit, Tensor delta)
    {
        if (start.Count != 1 || limit.Count != 1 || delta.Count != 1)
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, "start, limit and delta are not one number each");
        var action = new Action(node, start, limit, delta, new Tensor[1]);
        ElementDispatch.Numbers(start.Type, action);
        return action.Result[0];
    }

    private readonly struct Action(Node node, Tensor start, Tensor limit, Tensor delta, Tensor[] result) : INumberAction
    {
        public Tensor[] Result => result;

        public void Run<T>() where T : unmanaged, INumber<T>
        {
            T first = start.As<T>()[0], last = limit.As<T>()[0], step = delta.As<T>()[0];
            if (T.IsZero(step)) throw GraphDiagnostics.ShapeMismatch.Error(node.Label, "delta is 0");
            double count = Math.Ceiling((double.CreateSaturating(last) - double.CreateSaturating(first)) / double.CreateSaturating(step));
            result[0] = node.Allocate(start.Type, [(int)Math.Clamp(double.IsNaN(count) ? 0 : count, 0, int.MaxValue)]);
            Span<T> to = result[0].As<T>();
            for (int i = 0; i < to.Length; i++) to[i] = unchecked(first + (T.CreateTruncating(i) * step));
        }
    }
}
