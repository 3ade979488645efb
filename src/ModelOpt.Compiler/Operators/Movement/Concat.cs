using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>Tensors one after the other along <c>axis</c>.</summary>
internal sealed class Concat : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, new(4, (_, node) => node.Attributes.TryAdd("axis", 1L)), 11, 13];

    public override Arity Arity => new(1, Arity.Any);

    public override QuantizationRule Quantization => QuantizationRule.SharesAll;

    public override int DataInputs => int.MaxValue;

    public override OperatorTraits Traits(Node node) => OperatorTraits.Moves
        | (node.Inputs.All(i => i is { IsConstant: false }) ? OperatorTraits.Homogeneous : OperatorTraits.None);

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        Shape result = node.Output.Shape!;
        int joined = AxisOf(node, result.Rank);
        for (int axis = 0; axis < result.Rank; axis++)
        {
            int begin = 0;
            AxisPlace[] places = [.. Enumerable.Range(0, node.Inputs.Count).Select(Place)];
            if (axis != joined || result[axis].IsKnown) yield return new AxisRoute([.. places, AxisPlace.Out(0, axis)]);

            AxisPlace Place(int input)
            {
                long length = node.ShapeOf(input)[axis].Size;
                int first = begin;
                if (axis != joined || length < 0) return AxisPlace.In(input, axis);
                begin += (int)length;
                return AxisPlace.In(input, axis, AxisRoutes.From(length, first));
            }
        }
    }

    public override void InferShapes(Node node)
    {
        Dim[] dims = [.. node.ShapeOf(0)];
        int axis = AxisOf(node, dims.Length);
        ElementType type = node.Input(0).Type;
        List<Dim>? content = dims.Length == 1 ? [] : null;
        Dim length = 0;
        for (int i = 0; i < node.Inputs.Count; i++)
        {
            Shape shape = node.ShapeOf(i);
            if (node.Input(i).Type != type)
                throw GraphDiagnostics.TypeMismatch.Error(node.Label, $"the inputs are {type} and {node.Input(i).Type}");
            if (shape.Rank != dims.Length) throw Mismatch(node, shape, axis);
            for (int d = 0; d < dims.Length; d++)
            {
                if (d == axis) continue;
                if (!dims[d].IsKnown) dims[d] = shape[d].IsKnown || dims[d].Symbol is null ? shape[d] : dims[d];
                else if (shape[d].IsKnown && shape[d] != dims[d]) throw Mismatch(node, shape, axis);
            }

            length += shape[axis];
            if (ShapeContents.Of(node.Input(i)) is { } part) content?.AddRange(part);
            else if (shape[axis].IsKnown && shape[axis].Size < 64)
                content?.AddRange(Enumerable.Repeat(Dim.Unknown, (int)shape[axis].Size));
            else content = null;
        }

        dims[axis] = length;
        node.Define(0, type, new Shape(dims), content);
    }

    public override void Forward(ForwardContext context)
    {
        var parts = new Tensor[context.InputCount];
        for (int i = 0; i < parts.Length; i++) parts[i] = context.Input(i);
        context.Output = DataMovement.Concat(context.Node, parts, AxisOf(context.Node, context.Input(0).Rank));
    }

    public void Backward(BackwardContext context)
    {
        Tensor dy = context.OutputGradient;
        int axis = AxisOf(context.Node, dy.Rank), begin = 0;
        int[] strides = DataMovement.Strides(dy.Dims);
        for (int i = 0; i < context.InputCount; i++)
        {
            int[] dims = context.Input(i).Dims.ToArray();
            if (context.Wants(i))
                context.Gradients[i] = DataMovement.View(context.Node, dy, dims, strides, begin * strides[axis]);
            begin += dims[axis];
        }
    }

    private static int AxisOf(Node node, int rank) => node.Attributes.ContainsKey("axis")
        ? node.Axis(node.Int("axis", 0), rank)
        : throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "axis", "is absent");

    private static CompilationException Mismatch(Node node, Shape shape, int axis) =>
        GraphDiagnostics.ShapeMismatch.Error(node.Label, $"cannot join {node.ShapeOf(0)} and {shape} along axis {axis}");

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        int[] order = context.BroadcastOrder(node);
        var parts = new TfliteTensor[node.Inputs.Count];
        for (int i = 0; i < parts.Length; i++) parts[i] = context.Input(node, i, order);
        int axis = Array.IndexOf(order, AxisOf(node, order.Length));
        context.Emit(
            BuiltinOperator.Concatenation, parts, [context.Output(node, 0, order)],
            new ConcatenationOptions(axis, ActivationFunction.None));
    }
}
