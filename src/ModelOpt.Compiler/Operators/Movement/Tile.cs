using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>The input repeated along each axis, as often as input 1 (repeats) says.</summary>
internal sealed class Tile : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, new(6, ToRepeats), 13];

    // Opset 1 repeats one axis: inputs 1 and 2 are the number of copies and the axis.
    private static void ToRepeats(Graph graph, Node node)
    {
        int rank = node.StatedRank(0);
        long[] repeats = [.. Enumerable.Repeat(1L, rank)];
        repeats[node.Axis(Number(2, "axis"), rank)] = Number(1, "tiles");
        node.TruncateInputs(2);
        node.SetInput(1, graph.AddConstant($"{node.Label}_repeats", Tensor.Vector<long>(repeats)));

        long Number(int index, string name) =>
            KnownValue.Of(node.Input(index)) is { Count: 1 } known ? Casting.To(known, ElementType.Int64).Span<long>()[0]
            : throw GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, $"input '{name}' is not a constant number");
    }

    public override Arity Arity => new(2, 2);

    public override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public override int DataInputs => 1;

    public override OperatorTraits Traits(Node node) => OperatorTraits.Moves | OperatorTraits.Homogeneous;

    public override string? WhyFloat(Node node) => node.Input(1).IsConstant ? null : "its repeats are computed at run time";

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        Shape x = node.ShapeOf(0), y = node.Output.Shape!;
        for (int axis = 0; axis < x.Rank; axis++)
        {
            if (AxisRoutes.IsSame(x[axis], y[axis])) yield return new AxisRoute(AxisPlace.In(0, axis), AxisPlace.Out(0, axis));
            else if (x[axis].Size > 0 && y[axis].IsKnown)
            {
                int size = (int)x[axis].Size;
                yield return new AxisRoute(
                    AxisPlace.In(0, axis), AxisPlace.Out(0, axis, [.. Enumerable.Range(0, (int)y[axis].Size).Select(i => i % size)]));
            }
        }
    }

    public override void InferShapes(Node node)
    {
        Shape x = node.ShapeOf(0);
        IReadOnlyList<Dim>? repeats = ShapeContents.Of(node.Input(1));
        if (repeats is not null && (repeats.Count != x.Rank || repeats.Any(r => r.Number() < 0)))
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"the repeats are not {x.Rank} numbers from 0 on");
        node.Define(0, node.Input(0).Type, new Shape(x.Select((d, i) => repeats?[i].Number() is { } n ? d * n : Dim.Unknown)));
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        long[] repeats = context.Node.Ints(context.Input(1), "repeats");
        if (repeats.Length != x.Rank || Array.Exists(repeats, r => r is < 0 or > int.MaxValue))
            throw GraphDiagnostics.ShapeMismatch.Error(context.Node.Label, $"the repeats are not {x.Rank} numbers from 0 on");
        int[] dims = context.Node.Sizes(new Shape(x.Dims.ToArray().Select((d, i) => (Dim)d * repeats[i])));
        (int[] sizes, int[] strides) = ViewOf(x.Dims, repeats);
        context.Output = DataMovement.View(context.Node, x, sizes, strides, 0).Reshape(dims);
    }

    public bool ReadsOutputs => false;

    /// <summary>Each element gets the gradients of its copies.</summary>
    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), dx = context.Zeros(x.Dims);
        (int[] sizes, int[] strides) = ViewOf(x.Dims, context.Node.Ints(context.Input(1), "repeats"));
        DataMovement.AddToView(context.OutputGradient.Reshape(sizes), dx, strides, 0);
        context.Gradients[0] = dx;
    }

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        if (node.ConstantInts(1, "repeats") is not { } repeats)
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, "repeats that are computed");
        if (Array.TrueForAll(repeats, r => r == 1))
        {
            context.Alias(node.Output, node.Input(0));
            return;
        }

        int[] order = context.OrderOf(node.Input(0)), multiples = [.. order.Select(axis => (int)repeats[axis])];
        TfliteTensor table = context.Constant($"{node.Label}/multiples", Tensor.Vector<int>(multiples));
        context.Emit(BuiltinOperator.Tile, [context.Input(node, 0, order), table], [context.Output(node, 0, order)]);
    }

    /// <summary>The result as a view of the input: before each axis one along which nothing changes.</summary>
    private static (int[] Sizes, int[] Strides) ViewOf(ReadOnlySpan<int> dims, long[] repeats)
    {
        int[] own = DataMovement.Strides(dims), sizes = new int[2 * dims.Length], strides = new int[2 * dims.Length];
        for (int i = 0; i < dims.Length; i++)
        {
            (sizes[2 * i], sizes[(2 * i) + 1]) = ((int)repeats[i], dims[i]);
            strides[(2 * i) + 1] = own[i];
        }

        return (sizes, strides);
    }
}
