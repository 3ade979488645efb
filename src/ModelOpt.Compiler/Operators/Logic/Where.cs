using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;

namespace ModelOpt.Compiler.Operators.Logic;

/// <summary>Input 1 where input 0 holds, else input 2; with broadcasting.</summary>
internal sealed class Where : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [9, 16];

    public override Arity Arity => new(3, 3);

    // Two values of one grid could be chosen from as they are; the graph does not promise that.
    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 3;

    public override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Broadcast(node);

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public override void InferShapes(Node node)
    {
        if (node.Input(1).Type != node.Input(2).Type || node.Input(0).Type != ElementType.Bool)
            throw Diagnostics.GraphDiagnostics.TypeMismatch.Error(
                node.Label, $"the inputs are {node.Input(0).Type}, {node.Input(1).Type} and {node.Input(2).Type}");
        Shape shape = Broadcasting.Combine(node, node.ShapeOf(0), node.ShapeOf(1), node.ShapeOf(2));
        node.Define(0, node.Input(1).Type, shape);
    }

    public override void Forward(ForwardContext context)
    {
        Node node = context.Node;
        int[] dims = Broadcasting.Combine(
            node, context.Input(0).Shape, context.Input(1).Shape, context.Input(2).Shape).ToSizes()!;
        Tensor a = Broadcasting.Expand(node, context.Input(1), dims), b = Broadcasting.Expand(node, context.Input(2), dims);
        Tensor y = node.Allocate(a.Type, dims);
        ElementDispatch.Bits(a.Type, new Choice(Broadcasting.Expand(node, context.Input(0), dims), a, b, y));
        context.Output = y;
    }

    public void Backward(BackwardContext context)
    {
        Node node = context.Node;
        Tensor dy = context.OutputGradient, none = Tensor.Zeros(dy.Type, dy.Dims);
        Tensor condition = Broadcasting.Expand(node, context.Input(0), dy.Dims.ToArray());
        Tensor da = Tensor.Zeros(dy.Type, dy.Dims), db = Tensor.Zeros(dy.Type, dy.Dims);
        ElementDispatch.Bits(dy.Type, new Choice(condition, dy, none, da));
        ElementDispatch.Bits(dy.Type, new Choice(condition, none, dy, db));
        context.Gradients[1] = Broadcasting.Reduce(node, da, context.Input(1).Dims);
        context.Gradients[2] = Broadcasting.Reduce(node, db, context.Input(2).Dims);
    }

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        int[] order = context.BroadcastOrder(node);
        TfliteTensor condition = context.BroadcastInput(node, 0, order), a = context.BroadcastInput(node, 1, order);
        TfliteTensor b = context.BroadcastInput(node, 2, order);
        new LoweringSteps(context, node).Select(condition, a, b, context.Output(node, 0, order));
    }

    private readonly struct Choice(Tensor condition, Tensor a, Tensor b, Tensor y) : IBitsAction
    {
        public void Run<T>() where T : unmanaged
        {
            ReadOnlySpan<byte> holds = condition.As<byte>();
            ReadOnlySpan<T> left = a.As<T>(), right = b.As<T>();
            Span<T> target = y.As<T>();
            for (int i = 0; i < target.Length; i++) target[i] = holds[i] != 0 ? left[i] : right[i];
        }
    }
}
