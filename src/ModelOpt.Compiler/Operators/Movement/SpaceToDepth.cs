using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>Blocks of b × b pixels become channels, pixel by pixel: [N, C, H, W] gives [N, b²·C, H/b, W/b].</summary>
internal sealed class SpaceToDepth : BlockOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 13];

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        Shape x = node.ShapeOf(0), y = node.Output.Shape!;
        int block = Size(node);
        yield return new AxisRoute(AxisPlace.In(0, 0), AxisPlace.Out(0, 0));
        if (x[1].IsKnown)
        {
            int channels = (int)x[1].Size;
            int[] labels = [.. Enumerable.Range(0, (int)y[1].Size).Select(c => c % channels)];
            yield return new AxisRoute(AxisPlace.In(0, 1), AxisPlace.Out(0, 1, labels));
        }

        for (int axis = 2; axis < 4; axis++)
        {
            if (x[axis].IsKnown)
                yield return new AxisRoute(AxisPlace.In(0, axis, AxisRoutes.Blocks(x[axis].Size, block)), AxisPlace.Out(0, axis));
            if (x[axis].IsKnown && x[1].IsKnown)
                yield return new AxisRoute(true, AxisPlace.In(0, axis, Places(x[axis].Size, block)),
                    AxisPlace.Out(0, 1, Places(y[1].Size, block, x[1].Size * (axis == 2 ? block : 1))));
        }
    }

    public override void InferShapes(Node node)
    {
        Shape x = Images(node);
        long block = Size(node);
        node.Define(0, node.Input(0).Type, new Shape(
            x[0], x[1] * (block * block), Divide(node, x[2], block), Divide(node, x[3], block)));
    }

    protected override (int[] Sizes, int[] Order) Move(Node node, ReadOnlySpan<int> dims)
    {
        int b = Size(node);
        return ([dims[0], dims[1], dims[2] / b, b, dims[3] / b, b], [0, 3, 5, 1, 2, 4]);
    }

    protected override int[] Merged(ReadOnlySpan<int> dims) => [dims[0], dims[1] * dims[2] * dims[3], dims[4], dims[5]];

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node) => context.Emit(
        BuiltinOperator.SpaceToDepth, [context.Input(node, 0, Lowering.Nhwc)], [context.Output(node, 0, Lowering.Nhwc)],
        new BlockOptions(BuiltinOptionsType.SpaceToDepth, Size(node)));
}
