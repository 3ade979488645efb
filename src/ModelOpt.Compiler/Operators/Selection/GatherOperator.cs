using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Selection;

/// <summary>An operator that picks elements or slices of input 0 where input 1 says; see <see cref="FlatPositions"/>.</summary>
internal abstract class GatherOperator : Operator, IDifferentiable
{
    public sealed override Arity Arity => new(2, 2);

    public sealed override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public sealed override int DataInputs => 1;

    public sealed override OperatorTraits Traits(Node node) => OperatorTraits.Moves | OperatorTraits.Homogeneous;

    public override IEnumerable<AxisRoute> Axes(Node node) => [];

    /// <summary>The shape of the result.</summary>
    protected abstract Shape ShapeOf(Node node, Shape data, Shape indices);

    /// <summary>How indices say positions.</summary>
    protected abstract FlatPositions Positions(Node node, int[] data, int[] indices);

    public sealed override void InferShapes(Node node) =>
        node.Define(0, node.Input(0).Type, ShapeOf(node, node.ShapeOf(0), node.ShapeOf(1)));

    public sealed override void Forward(ForwardContext context)
    {
        Tensor data = context.Input(0), indices = context.Input(1);
        FlatPositions positions = Positions(context.Node, [.. data.Dims], [.. indices.Dims]);
        int[] dims = ShapeOf(context.Node, data.Shape, indices.Shape).ToSizes()!;
        Tensor result = context.Node.Allocate(data.Type, dims);
        if (result.Count > 0) positions.Copy(data, positions.Resolve(context.Node, indices), result);
        context.Output = result;
    }

    /// <summary>The gradient of each result goes to where it came from.</summary>
    public void Backward(BackwardContext context)
    {
        Tensor data = context.Input(0), dx = context.Zeros(data.Dims), indices = context.Input(1);
        FlatPositions positions = Positions(context.Node, [.. data.Dims], [.. indices.Dims]);
        ReadOnlySpan<float> dy = context.OutputGradient.As<float>();
        foreach (int position in positions.Resolve(context.Node, indices))
        {
            for (int i = 0; i < positions.Slice; i++) dx.As<float>()[(position * positions.Slice) + i] += dy[i];
            dy = dy[positions.Slice..];
        }

        context.Gradients[0] = dx;
    }

    public override bool TakesComputedSizes(Node node) => node.ShapeOf(0).Rank > 0;

    /// <summary>How indices say positions where sizes are open.</summary>
    protected abstract OpenPositions Open(Lowering context, Node node);

    public override void Lower(Lowering context, Node node)
    {
        if (node.Inputs.Concat(node.Outputs).Any(context.IsOpen))
        {
            Closed(context, node);
            Open(context, node).Gather(context, node);
            return;
        }

        var steps = new LoweringSteps(context, node);
        TfliteTensor data = FlatPositions.Closed(node, context.Input(node, 0)), y = FlatPositions.Closed(node, context.Output(node, 0));
        FlatPositions positions = Positions(node, data.Dims, node.Sizes(node.ShapeOf(1)));
        TfliteTensor rows = steps.Reshape(data, [positions.Slices, positions.Slice]);
        TfliteTensor picked = Lowering.Temporary(node, data, [positions.Base.Length, positions.Slice]);
        context.Emit(BuiltinOperator.Gather, [rows, positions.Lower(context, node, 1)], [picked], new GatherOptions(0));
        context.EmitReshape(picked, y);
    }

    /// <summary>Checks that the batch of no input is open, which is not a size to compute with.</summary>
    internal static void Closed(Lowering context, Node node)
    {
        for (int i = 0; i < node.Inputs.Count; i++) FlatPositions.Closed(node, context.Input(node, i));
    }
}
