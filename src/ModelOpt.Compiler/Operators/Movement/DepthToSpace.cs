using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>
/// Channels become blocks of b × b pixels: [N, C·b², H, W] gives [N, C, H·b, W·b]. A block's pixels lie C channels apart (mode DCR) or
/// one behind the other (CRD).
/// </summary>
internal sealed class DepthToSpace : BlockOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 11, 13];

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        Shape x = node.ShapeOf(0), y = node.Output.Shape!;
        int block = Size(node);
        yield return new AxisRoute(AxisPlace.In(0, 0), AxisPlace.Out(0, 0));
        if (x[1].IsKnown)
        {
            int outputs = (int)y[1].Size, pixels = block * block;
            int[] labels = [.. Enumerable.Range(0, (int)x[1].Size).Select(c => IsColumnFirst(node) ? c / pixels : c % outputs)];
            yield return new AxisRoute(AxisPlace.In(0, 1, labels), AxisPlace.Out(0, 1));
        }

        for (int axis = 2; axis < 4; axis++)
        {
            if (x[axis].IsKnown)
                yield return new AxisRoute(AxisPlace.In(0, axis), AxisPlace.Out(0, axis, AxisRoutes.Blocks(y[axis].Size, block)));
            long step = (IsColumnFirst(node) ? 1 : y[1].Size) * (axis == 2 ? block : 1);
            if (x[axis].IsKnown && x[1].IsKnown)
                yield return new AxisRoute(
                    true, AxisPlace.In(0, 1, Places(x[1].Size, block, step)), AxisPlace.Out(0, axis, Places(y[axis].Size, block)));
        }
    }

    public override void InferShapes(Node node)
    {
        Shape x = Images(node);
        long block = Size(node);
        if (node.String("mode", "DCR") is not ("DCR" or "CRD") and var mode)
            throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "mode", $"is '{mode}'");
        node.Define(0, node.Input(0).Type, new Shape(x[0], Divide(node, x[1], block * block), x[2] * block, x[3] * block));
    }

    protected override (int[] Sizes, int[] Order) Move(Node node, ReadOnlySpan<int> dims)
    {
        int b = Size(node), channels = dims[1] / (b * b);
        return IsColumnFirst(node)
            ? ([dims[0], channels, b, b, dims[2], dims[3]], [0, 1, 4, 2, 5, 3])
            : ([dims[0], b, b, channels, dims[2], dims[3]], [0, 3, 4, 1, 5, 2]);
    }

    protected override int[] Merged(ReadOnlySpan<int> dims) => [dims[0], dims[1], dims[2] * dims[3], dims[4] * dims[5]];

    public override bool TakesComputedSizes(Node node) => !IsColumnFirst(node) || node.ShapeOf(0)[1].IsKnown;

    public override void Lower(Lowering context, Node node)
    {
        int block = Size(node);
        TfliteTensor x = context.Input(node, 0, Lowering.Nhwc);
        if (IsColumnFirst(node) && block > 1)
        {
            // TFLite has DCR: its channel i is channel i % C · b² + i / C of CRD.
            int channels = x.Dims[3] / (block * block);
            int[] picks = [.. Enumerable.Range(0, x.Dims[3]).Select(i => (i % channels * block * block) + (i / channels))];
            x = new LoweringSteps(context, node).Gather(x, 3, picks);
        }

        context.Emit(BuiltinOperator.DepthToSpace, [x], [context.Output(node, 0, Lowering.Nhwc)],
            new BlockOptions(BuiltinOptionsType.DepthToSpace, block));
    }

    private static bool IsColumnFirst(Node node) => node.String("mode", "DCR") == "CRD";
}
