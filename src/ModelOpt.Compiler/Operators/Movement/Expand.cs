using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>The tensor repeated to the broadcast of its own shape and that of input 1.</summary>
internal sealed class Expand : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [8, 13];

    public override Arity Arity => new(2, 2);

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 1;

    public override OperatorTraits Traits(Node node) => OperatorTraits.Moves | OperatorTraits.Homogeneous;

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        Shape result = node.Output.Shape!;
        bool isRigid = !node.Input(1).IsConstant;
        for (int axis = 0; axis < result.Rank; axis++)
        {
            if (AxisRoutes.BroadcastPlaces(node, [0], result, axis, 0) is [var place])
                yield return new AxisRoute(isRigid, place, AxisPlace.Out(0, axis));
        }
    }

    public override void Narrow(Graph graph, Node node, AxisCut cut)
    {
        long[] target = node.Input(1).Constant!.ToInt64s();
        for (int i = 0; i < target.Length; i++)
        {
            if (target[i] > 1 && cut.Kept(node.Output, i + node.Output.Shape!.Rank - target.Length) is { } kept) target[i] = kept.Length;
        }

        graph.ReplaceConstant(node, 1, Tensor.Vector<long>(target));
    }

    public override void InferShapes(Node node)
    {
        Shape? target = ShapeContents.Shape(node.Input(1));
        node.Define(0, node.Input(0).Type, target is null ? null : Broadcasting.Combine(node, node.ShapeOf(0), target));
    }

    public override void Forward(ForwardContext context)
    {
        var target = new Shape(ShapeContents.Of(context.Node.Ints(context.Input(1), "shape")));
        Shape shape = Broadcasting.Combine(context.Node, context.Input(0).Shape, target);
        context.Output = Broadcasting.Expand(context.Node, context.Input(0), context.Node.Sizes(shape));
    }

    public void Backward(BackwardContext context) =>
        context.Gradients[0] = Broadcasting.Reduce(context.Node, context.OutputGradient, context.Input(0).Dims);

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        Shape from = node.ShapeOf(0), to = node.Output.Shape!;
        if (from.Equals(to))
        {
            context.Alias(node.Output, node.Input(0));
            return;
        }

        if (context.IsOpen(node.Output))
        {
            LowerComputed(context, node);
            return;
        }

        // Repeats by multiplying by ones: Mul broadcasts and keeps an open batch.
        int[] order = context.BroadcastOrder(node);
        int open = to.ToList().FindIndex(d => !d.IsKnown && !from.Contains(d));
        int[] repeats = [.. to.Select(d => d.IsKnown ? (int)d.Size : 1)];
        var steps = new LoweringSteps(context, node);
        Tensor one = Casting.To(Tensor.Scalar(1f), node.Input(0).Type);
        TfliteTensor ones = context.Constant("ones", Lowering.Filled(node, one, AxisOrder.Apply(repeats, order)));
        TfliteTensor x = context.BroadcastInput(node, 0, order);
        if (open < 0)
        {
            steps.Multiply(x, ones, context.Output(node, 0, order));
            return;
        }

        // Repeats for each sample by adding to as many zeros.
        TfliteTensor zeros = context.OpenZeros(node, to[open], ones.Type, to.Rank, Array.IndexOf(order, open))
            ?? throw EmitDiagnostics.UnsupportedForm.Error(node.Label, Type, $"it expands {node.Input(0).Type}{from} to {to}");
        steps.Add(zeros, x.Dims.AsSpan().SequenceEqual(ones.Dims) ? x : steps.Multiply(x, ones), context.Output(node, 0, order));
    }

    private static void LowerComputed(Lowering context, Node node)
    {
        int rank = node.Output.Shape!.Rank;
        var steps = new LoweringSteps(context, node);
        TfliteTensor x = context.BroadcastInput(node, 0, AxisOrder.Identity(rank));
        if (!Lowering.IsComputed(node.Output))
        {
            TfliteTensor open = new SizeSteps(context, node).Vector(node.Output.Shape);
            context.Emit(BuiltinOperator.BroadcastTo, [x, open], [context.Output(node, 0)]);
            return;
        }

        TfliteTensor target = steps.Bounded(context.Input(node, 1));
        int missing = rank - target.Dims[0];
        if (missing > 0) target = steps.Join(steps.Ints([.. Enumerable.Repeat(1, missing)]), target);
        // Where the target says 1, the size stays.
        TfliteTensor stays = steps.IsNumber(target, steps.Ints(1));
        TfliteTensor sizes = steps.Add(target, steps.Multiply(stays, steps.Subtract(steps.Sizes(x), steps.Ints(1))));
        context.Emit(BuiltinOperator.BroadcastTo, [x, sizes], [context.Output(node, 0)]);
    }
}
