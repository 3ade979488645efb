using ModelOpt.Runtime.Kernels.Movement;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// Folds PAD of height and width into the convolutions and max pools that follow, which pad without copying. The padding
/// value must be what they pad with: real 0 for convolutions, the lowest value for max pools.
/// </summary>
internal static class PadFolding
{
    public static void Apply(Graph graph)
    {
        Dictionary<Tensor, Node> producers = graph.Producers();
        foreach (Node node in graph.Nodes)
        {
            if (IsValidWindow(node)
                && producers.TryGetValue(node.Input(0), out Node? pad)
                && pad.Operator is BuiltinOperator.Pad or BuiltinOperator.PadV2
                && Padding(pad, node.Operator == BuiltinOperator.MaxPool2D) is { } padding)
            {
                node.FoldedPadding = padding;
                node.Inputs[0] = pad.Input(0);
            }
        }
    }

    private static bool IsValidWindow(Node node) => node.Operator switch
    {
        BuiltinOperator.Conv2D => Conv2DOptions.Read(node.Options).Padding == Tflite.Padding.Valid,
        BuiltinOperator.DepthwiseConv2D => DepthwiseConv2DOptions.Read(node.Options).Padding == Tflite.Padding.Valid,
        BuiltinOperator.MaxPool2D => Pool2DOptions.Read(node.Options).Padding == Tflite.Padding.Valid,
        _ => false,
    };

    private static Padding2D? Padding(Node pad, bool lowest)
    {
        Tensor input = pad.Input(0), output = pad.Output;
        if (input.Rank != 4 || input.Elements == 0 || !pad.Input(1).IsConstant || (pad.OptionalInput(2) is { IsConstant: false }))
            return null;
        if (input.IsQuantized8 && (input.Scale != output.Scale || input.ZeroPoint != output.ZeroPoint))
            return null;
        if (!PadOperator.FillValue(pad).AsSpan().SequenceEqual(lowest ? Lowest(output) : PadOperator.Zero(output)))
            return null;
        int[] p = PadOperator.Paddings(pad);
        return p[0] == 0 && p[1] == 0 && p[6] == 0 && p[7] == 0 ? new Padding2D(p[2], p[3], p[4], p[5]) : null;
    }

    private static byte[] Lowest(Tensor tensor) => tensor.Type switch
    {
        TensorType.Float32 => BitConverter.GetBytes(float.NegativeInfinity),
        TensorType.Int8 or TensorType.UInt8 => [(byte)tensor.TypeMin],
        _ => [],
    };
}
