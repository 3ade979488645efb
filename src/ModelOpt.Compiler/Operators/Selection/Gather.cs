using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Selection;

/// <summary>Slices along <c>axis</c>, picked by indices that replace the axis: data[…, indices[…], …].</summary>
internal sealed class Gather : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 11, 13];

    public override Arity Arity => new(2, 2);

    public override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public override int DataInputs => 1;

    /// <summary>The rows of a table from which the caller picks, such as embeddings of words.</summary>
    public override IReadOnlyList<(int Input, int Axis)> Weights(Node node) =>
        node.Input(0) is { IsConstant: true, Shape.Rank: >= 2 } table && !node.Input(1).IsConstant
            ? [(0, node.Axis(node.Int("axis", 0), table.Shape.Rank))] : [];

    public override OperatorTraits Traits(Node node) => OperatorTraits.Moves | OperatorTraits.Homogeneous;

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        Shape data = node.ShapeOf(0);
        int picked = node.Axis(node.Int("axis", 0), data.Rank), rank = node.ShapeOf(1).Rank;
        for (int axis = 0; axis < data.Rank + rank - 1; axis++)
        {
            // The axes of the indices stand where the one of the data stood.
            bool isOfIndices = axis >= picked && axis < picked + rank;
            yield return new AxisRoute(
                isOfIndices ? AxisPlace.In(1, axis - picked) : AxisPlace.In(0, axis < picked ? axis : axis - rank + 1),
                AxisPlace.Out(0, axis));
            if (isOfIndices && rank == 1 && node.Input(1).Constant is { } indices && data[picked].IsKnown)
                yield return new AxisRoute(true, AxisPlace.In(0, axis), AxisPlace.Out(0, axis,
                    [.. node.Ints(indices, "indices").Select(n => Index(node, n, (int)data[picked].Size))]));
        }
    }

    public override void InferShapes(Node node)
    {
        Shape data = node.ShapeOf(0), indices = node.ShapeOf(1);
        int axis = node.Axis(node.Int("axis", 0), data.Rank);
        IReadOnlyList<Dim>? content = null;
        if (data.Rank == 1 && ShapeContents.Of(node.Input(0)) is { } elements && ShapeContents.Of(node.Input(1)) is { } picks)
            content = [.. picks.Select(p => p.Number() is { } n ? elements[Index(node, n, elements.Count)] : Dim.Unknown)];
        node.Define(0, node.Input(0).Type, new Shape(data.Take(axis).Concat(indices).Concat(data.Skip(axis + 1))), content);
    }

    public override void Forward(ForwardContext context)
    {
        Node node = context.Node;
        Tensor data = context.Input(0), indices = context.Input(1);
        int axis = node.Axis(node.Int("axis", 0), data.Rank);
        int[] picks = [.. node.Ints(indices, "indices").Select(n => Index(node, n, data.Dims[axis]))];
        Tensor result = node.Allocate(data.Type, [.. data.Dims[..axis], .. indices.Dims, .. data.Dims[(axis + 1)..]]);
        context.Output = result;
        if (result.Count == 0) return;
        int outer = DataMovement.Count(data.Dims[..axis]), block = result.Bytes.Length / (outer * picks.Length);
        ReadOnlySpan<byte> from = data.Bytes.Span;
        Span<byte> to = result.Bytes.Span;
        for (int i = 0; i < outer; i++)
        {
            foreach (int pick in picks)
            {
                from.Slice(((i * data.Dims[axis]) + pick) * block, block).CopyTo(to);
                to = to[block..];
            }
        }
    }

    public void Backward(BackwardContext context)
    {
        Node node = context.Node;
        Tensor data = context.Input(0), dx = node.Allocate(ElementType.Float32, data.Dims);
        int axis = node.Axis(node.Int("axis", 0), data.Rank), outer = DataMovement.Count(data.Dims[..axis]);
        int[] picks = [.. node.Ints(context.Input(1), "indices").Select(n => Index(node, n, data.Dims[axis]))];
        int block = DataMovement.Count(data.Dims[(axis + 1)..]);
        ReadOnlySpan<float> from = context.OutputGradient.As<float>();
        for (int i = 0; i < outer; i++)
        {
            foreach (int pick in picks)
            {
                Span<float> to = dx.As<float>().Slice(((i * data.Dims[axis]) + pick) * block, block);
                for (int j = 0; j < block; j++) to[j] += from[j];
                from = from[block..];
            }
        }

        context.Gradients[0] = dx;
    }

    private static int Index(Node node, long index, int length) => index >= -length && index < length
        ? (int)(index < 0 ? index + length : index)
        : throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"index {index} is outside an axis of size {length}");

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        int[] order = context.OrderOf(node.Input(0));
        int axis = node.Axis(node.Int("axis", 0), order.Length), place = Array.IndexOf(order, axis);
        int rank = node.ShapeOf(1).Rank;
        // The indices' axes stand where the axis stood, in storage too.
        int[] result =
            [.. order[..place].Select(Moved), .. Enumerable.Range(axis, rank), .. order[(place + 1)..].Select(Moved)];
        TfliteTensor indices;
        if (node.Input(1).Constant is { } constant)
        {
            int length = (int)node.ShapeOf(0)[axis].Size;
            int[] picks =
                [.. node.Ints(constant, "indices").Select(n => length < 0 && n >= 0 ? (int)n : Index(node, n, length))];
            indices = context.Constant("indices", Tensor.Of<int>(constant.Dims, picks));
        }
        else
        {
            indices = new LoweringSteps(context, node).FromFront(context.Input(node, 1), node.Input(1), node.ShapeOf(0)[axis].Size);
        }

        context.Emit(
            BuiltinOperator.Gather, [context.Input(node, 0, order), indices], [context.Output(node, 0, result)],
            new GatherOptions(place));

        int Moved(int other) => other < axis ? other : other + rank - 1;
    }
}
