using System.Numerics;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Activations;

/// <summary>x where it is not negative, else slope · x; the slope (input 1) is broadcast to x.</summary>
internal sealed class PRelu : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, new(7, SpreadSlopes), 9, 16];

    // A vector had a slope for each channel, wherever the channels' axis is.
    private static void SpreadSlopes(Graph graph, Node node)
    {
        if (node.StatedRank(1) == 1 && node.Input(1).Shape![0] != (Dim)1)
            EarlyBroadcast.AppendAxes(graph, node, 1, Math.Max(0, node.StatedRank(0) - 2));
    }

    public override Arity Arity => new(2, 2);

    public override ElementKinds Takes(Node node) => ElementKinds.Numbers;

    public override QuantizationRule Quantization => QuantizationRule.Elementwise;

    public override int DataInputs => 2;

    public override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Broadcast(node);

    public override OperatorTraits Traits(Node node) => node.Input(1).IsConstant ? OperatorTraits.Homogeneous : OperatorTraits.None;

    public override void InferShapes(Node node)
    {
        ElementType type = node.CommonType(1);
        Shape x = node.ShapeOf(0), slope = node.ShapeOf(1);
        if (Broadcasting.Combine(node, x, slope).Rank != x.Rank)
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"slopes {slope} cannot be broadcast to {x}");
        node.Define(0, type, x);
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        ElementType type = x.Type is ElementType.BFloat16 ? ElementType.Float32 : x.Type;
        Tensor y = context.Node.Allocate(type, x.Dims);
        Tensor slope = Broadcasting.Expand(context.Node, Casting.To(context.Input(1), type), x.Dims.ToArray());
        ElementDispatch.Numbers(type, new Action(Casting.To(x, type), slope, y));
        context.Output = Casting.To(y, x.Type);
    }

    public IReadOnlyList<int> Parameters => [1];

    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), slope = context.Input(1), dy = context.OutputGradient;
        Tensor slopes = Broadcasting.Expand(context.Node, slope, x.Dims.ToArray());
        Tensor dx = context.Node.Allocate(ElementType.Float32, x.Dims), dslope = context.Node.Allocate(ElementType.Float32, x.Dims);
        ReadOnlySpan<float> source = x.As<float>(), factors = slopes.As<float>(), from = dy.As<float>();
        Span<float> to = dx.As<float>(), toSlope = dslope.As<float>();
        for (int i = 0; i < from.Length; i++)
            (to[i], toSlope[i]) = source[i] < 0 ? (factors[i] * from[i], source[i] * from[i]) : (from[i], 0);
        context.Gradients[0] = dx;
        if (context.Wants(1)) context.Gradients[1] = Broadcasting.Reduce(context.Node, dslope, slope.Dims);
    }

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        int[] order = context.BroadcastOrder(node);
        TfliteTensor x = context.Input(node, 0, order), slope = context.BroadcastInput(node, 1, order), y = context.Output(node, 0, order);
        if (node.Output.Type.IsFloat())
        {
            context.Emit(BuiltinOperator.PRelu, [x, slope], [y]);
            return;
        }

        // TFLite's PRELU is of floats alone.
        var steps = new LoweringSteps(context, node);
        TfliteTensor zero = steps.Scalar(0, x);
        TfliteTensor below = steps.Multiply(steps.Binary(BuiltinOperator.Minimum, x, zero), slope);
        steps.Add(steps.Binary(BuiltinOperator.Maximum, x, zero), below, y);
    }

    private readonly struct Action(Tensor x, Tensor slope, Tensor y) : INumberAction
    {
        public void Run<T>() where T : unmanaged, INumber<T>
        {
            ReadOnlySpan<T> source = x.As<T>(), slopes = slope.As<T>();
            Span<T> target = y.As<T>();
            for (int i = 0; i < target.Length; i++) target[i] = source[i] < T.Zero ? slopes[i] * source[i] : source[i];
        }
    }
}
