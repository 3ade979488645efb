using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>Cuts a tensor into pieces along <c>axis</c>: of the sizes in input 1, or else equal ones.</summary>
internal sealed class Split : Operator, IDifferentiable
{
    // Opset 18 lets the last piece be smaller. The graph says so with input 1, whose sizes shape inference fills in, and needs no count.
    private const string Pieces = "num_outputs";

    public override IReadOnlyList<OpsetStep> Versions { get; } =
        [1, new(2, (_, node) => RequireAxis(node)), 11, OpsetStep.ToInputs(13, ("split", 1)), 18];

    // Opset 1 does not say which axis is meant where a node does not; its sizes may be input 1, as they are again from opset 13 on.
    private static void RequireAxis(Node node)
    {
        if (!node.Attributes.ContainsKey("axis")) throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "axis", "is missing");
    }

    public override Arity Arity => new(1, 2, Arity.Any);

    public override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public override bool CountsOutputs => true;

    public override int DataInputs => 1;

    public override OperatorTraits Traits(Node node) => OperatorTraits.Moves | OperatorTraits.Homogeneous;

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        Shape shape = node.ShapeOf(0);
        int cut = node.Axis(node.Int("axis", 0), shape.Rank);
        for (int axis = 0; axis < shape.Rank; axis++)
        {
            if (axis != cut)
            {
                yield return AxisRoutes.Kept(node, [axis]).Single();
                continue;
            }

            if (!node.Outputs.All(o => o is not null && o.Shape![cut].IsKnown)) continue;
            int begin = 0;
            AxisPlace[] pieces = [.. node.Outputs.Select((o, i) =>
            {
                int[] labels = AxisRoutes.From(o!.Shape![cut].Size, begin);
                begin += labels.Length;
                return AxisPlace.Out(i, cut, labels);
            })];
            yield return new AxisRoute(node.InputOrNull(1) is { IsConstant: false }, [AxisPlace.In(0, cut), .. pieces]);
        }
    }

    public override void Narrow(Graph graph, Node node, AxisCut cut)
    {
        int axis = node.Axis(node.Int("axis", 0), node.ShapeOf(0).Rank);
        if (cut.Kept(node.Input(0), axis) is null) return;
        Tensor sizes = Tensor.Vector<long>([.. node.Outputs.Select(o => cut.Kept(o!, axis)?.Length ?? o!.Shape![axis].Size)]);
        if (node.InputOrNull(1) is not null) graph.ReplaceConstant(node, 1, sizes);
        else node.SetInput(1, graph.AddConstant($"{node.Label}_split", sizes));
    }

    public override void Normalize(Graph graph, Node node)
    {
        if (!node.Attributes.ContainsKey(Pieces)) return;
        long count = node.Int(Pieces, 0);
        if (count != node.Outputs.Count)
            throw GraphDiagnostics.InvalidAttribute.Error(
                node.Label, Pieces, $"is {count}, but there are {node.Outputs.Count} outputs");
        node.Attributes.Remove(Pieces);
    }

    public override void Downgrade(Node node, int opset, List<Value?> inputs, IDictionary<string, object> attributes)
    {
        if (opset >= 18 && node.InputOrNull(1) is null) attributes[Pieces] = (long)node.Outputs.Count;
    }

    public override void InferShapes(Node node)
    {
        Shape shape = node.ShapeOf(0);
        int axis = node.Axis(node.Int("axis", 0), shape.Rank);
        IReadOnlyList<Dim>? content = shape.Rank == 1 ? ShapeContents.Of(node.Input(0)) : null;
        Dim[] sizes = shape[axis].IsKnown || node.InputOrNull(1) is not null
            ? ShapeContents.Of(Sizes(node, shape[axis].Size, node.ConstantInts(1, "split")))
            : OpenSizes(shape[axis], node.Outputs.Count);
        int begin = 0;
        for (int i = 0; i < sizes.Length; i++)
        {
            Dim[] dims = [.. shape];
            dims[axis] = sizes[i];
            node.Define(i, node.Input(0).Type, new Shape(dims), content?.Skip(begin).Take((int)sizes[i].Size).ToArray());
            begin += (int)sizes[i].Size;
        }

        bool uneven = sizes.All(s => s.IsKnown) && sizes.Any(s => s != sizes[0]) && node.InputOrNull(1) is null;
        if (!uneven) return;
        Tensor pieces = Tensor.Vector([.. sizes.Select(s => s.Size)]);
        node.SetInput(1, new Value($"{node.Output.Name}_split", pieces));
    }

    public override void Forward(ForwardContext context)
    {
        Tensor input = context.Input(0);
        int axis = context.Node.Axis(context.Node.Int("axis", 0), input.Rank);
        long[]? given = context.InputOrNull(1) is { } split ? context.Node.Ints(split, "split") : null;
        long[] sizes = Sizes(context.Node, input.Dims[axis], given);
        int[] strides = DataMovement.Strides(input.Dims), dims = input.Dims.ToArray();
        int begin = 0;
        for (int i = 0; i < sizes.Length; i++)
        {
            dims[axis] = (int)sizes[i];
            if (context.Node.HasOutput(i))
                context.Outputs[i] = DataMovement.View(context.Node, input, dims, strides, begin * strides[axis]);
            begin += dims[axis];
        }
    }

    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), dx = context.Node.Allocate(ElementType.Float32, x.Dims);
        int axis = context.Node.Axis(context.Node.Int("axis", 0), x.Rank);
        long[]? given = context.InputOrNull(1) is { } split ? context.Node.Ints(split, "split") : null;
        int[] strides = DataMovement.Strides(x.Dims);
        int begin = 0;
        long[] sizes = Sizes(context.Node, x.Dims[axis], given);
        for (int i = 0; i < sizes.Length; begin += (int)sizes[i++])
        {
            if (context.OutputGradientOrNull(i) is { } dy) DataMovement.AddToView(dy, dx, strides, begin * strides[axis]);
        }

        context.Gradients[0] = dx;
    }

    /// <summary>The length of each piece.</summary>
    /// <param name="length">The length of the whole; negative where it is not known.</param>
    /// <param name="given">The lengths that the model gives, if it does.</param>
    private static long[] Sizes(Node node, long length, long[]? given)
    {
        int count = node.Outputs.Count;
        if (given is null)
        {
            long piece = (length + count - 1) / count;
            long last = length - (piece * (count - 1));
            if (last >= 0) return [.. Enumerable.Repeat(piece, count - 1), last];
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"{length} elements do not make {count} pieces");
        }

        bool fits = given.Length == count && given.All(s => s is >= 0 and <= int.MaxValue)
            && (length < 0 || given.Sum() == length);
        return fits ? given : throw GraphDiagnostics.ShapeMismatch.Error(
            node.Label, $"pieces of {string.Join(", ", given)} are not {count} that make up {length}");
    }

    private static Dim[] OpenSizes(Dim length, int count)
    {
        Dim piece = Dim.CeilDivide(length, count);
        return [.. Enumerable.Repeat(piece, count - 1), length - (piece * (count - 1))];
    }

    public override bool TakesComputedSizes(Node node) => node.ShapeOf(0)[node.Axis(node.Int("axis", 0), node.ShapeOf(0).Rank)].IsKnown;

    public override void Lower(Lowering context, Node node)
    {
        int[] order = context.OrderOf(node.Input(0));
        int onnxAxis = node.Axis(node.Int("axis", 0), order.Length), axis = Array.IndexOf(order, onnxAxis);
        TfliteTensor input = context.Input(node, 0, order), position = context.Constant("axis", Tensor.Scalar(axis));
        long[] sizes = Sizes(node, node.ShapeOf(0)[onnxAxis].Size, node.ConstantInts(1, "split"));
        var outputs = new TfliteTensor[sizes.Length];
        for (int i = 0; i < outputs.Length; i++)
        {
            int[] dims = [.. input.Dims];
            dims[axis] = (int)sizes[i];
            outputs[i] = node.HasOutput(i) ? context.Output(node, i, order) : Lowering.Temporary(node, input, dims);
        }

        if (sizes.All(s => s == sizes[0]))
        {
            context.Emit(
                BuiltinOperator.Split, [position, input], outputs, new SplitOptions(BuiltinOptionsType.Split, outputs.Length));
            return;
        }

        TfliteTensor pieces = context.Constant("sizes", Tensor.Vector<int>(Array.ConvertAll(sizes, s => (int)s)));
        context.Emit(
            BuiltinOperator.SplitV, [input, pieces, position], outputs,
            new SplitOptions(BuiltinOptionsType.SplitV, outputs.Length));
    }
}
