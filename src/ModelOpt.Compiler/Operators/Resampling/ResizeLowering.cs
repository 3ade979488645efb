using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Resampling;

/// <summary>
/// Writes a Resize: of images as RESIZE_NEAREST_NEIGHBOR or RESIZE_BILINEAR where these compute the same, else axis by axis as a GATHER of
/// each tap's positions, times its shares, summed.
/// </summary>
internal static class ResizeLowering
{
    /// <summary>Writes it.</summary>
    /// <param name="scales">A scale for each axis; null where sizes say how large the result is.</param>
    public static void Lower(Lowering context, Node node, float[]? scales)
    {
        Shape from = node.ShapeOf(0), to = node.Output.Shape!;
        int[] changed = Changed(node, from, to, scales);
        if (changed.Length == 0)
        {
            context.Alias(node.Output, node.Input(0));
            return;
        }

        if (changed.Any(i => !from[i].IsKnown || !to[i].IsKnown))
        {
            ResizeOpen.Lower(context, node, changed, scales);
            return;
        }

        float Scale(int axis) => ScaleOf(from, to, scales, axis);
        if (Builtin(node, scales) is { } options)
        {
            TfliteTensor size = context.Constant($"{node.Label}/size", Tensor.Vector((int)to[2].Size, (int)to[3].Size));
            BuiltinOperator op = options.Type == BuiltinOptionsType.ResizeBilinear
                ? BuiltinOperator.ResizeBilinear : BuiltinOperator.ResizeNearestNeighbor;
            context.Emit(op, [context.Input(node, 0, Lowering.Nhwc), size], [context.Output(node, 0, Lowering.Nhwc)], options);
            return;
        }

        if (node.String("mode", "nearest") == "linear" && ResizeIntegers.Are(node.Output.Type))
        {
            ResizeIntegers.Lower(context, node, [.. Enumerable.Range(0, from.Rank).Select(i => ((int)to[i].Size, Scale(i)))]);
            return;
        }

        int[] order = context.OrderOf(node.Input(0));
        TfliteTensor x = context.Input(node, 0, order), y = context.Output(node, 0, order);
        (int Axis, ResizeTaps Taps)[] all = [.. changed.Select(axis => (axis, Taps(node, scales, axis)))];
        Tensor? added = ResizeTaps.Extrapolation(node, from.Rank, all);
        foreach ((int axis, ResizeTaps taps) in all)
            x = Along(context, node, taps, x, Array.IndexOf(order, axis), axis == changed[^1] && added is null ? y : null);
        if (added is not null)
            new LoweringSteps(context, node).Add(x, context.Constant($"{node.Label}/outside", AxisOrder.Permute(added, order)), y);
    }

    private static float ScaleOf(Shape from, Shape to, float[]? scales, int axis) =>
        scales is null ? (float)to[axis].Size / from[axis].Size : scales[axis];

    private static ResizeTaps Taps(Node node, float[]? scales, int axis)
    {
        Shape from = node.ShapeOf(0), to = node.Output.Shape!;
        return ResizeTaps.Of(node, axis, (int)from[axis].Size, (int)to[axis].Size, ScaleOf(from, to, scales, axis));
    }

    private static int[] Changed(Node node, Shape from, Shape to, float[]? scales) =>
    [
        .. Enumerable.Range(0, from.Rank)
            .Where(i => from[i] != to[i] || (scales is not null && scales[i] != 1) || ResizeSizes.IsCropped(node, i)),
    ];

    /// <summary>The options with which TFLite's operator computes the same; null where none does.</summary>
    /// <param name="scales">A scale for each axis; null where sizes say how large the result is.</param>
    public static ResizeOptions? Builtin(Node node, float[]? scales)
    {
        Shape from = node.ShapeOf(0), to = node.Output.Shape!;
        int[] changed = Changed(node, from, to, scales);
        if (changed.Any(i => !from[i].IsKnown || !to[i].IsKnown)) return ResizeOpen.Builtin(node, changed, scales);
        bool isOfImages = from.Rank == 4 && changed.All(i => i >= 2 && from[i].IsKnown && to[i].IsKnown)
            && node.Output.Type == ElementType.Float32 && from.All(d => d != 0);
        if (!isOfImages || changed.Any(axis => ResizeSizes.IsCropped(node, axis))) return null;
        string mode = node.String("mode", "nearest"), place = node.String("coordinate_transformation_mode", "half_pixel");
        if (mode == "nearest")
        {
            bool isFloor = changed.All(axis => Taps(node, scales, axis).Positions.Select((p, i) => p == i * from[axis].Size / to[axis].Size)
                .All(same => same));
            return isFloor ? new ResizeOptions(BuiltinOptionsType.ResizeNearestNeighbor, false, false) : null;
        }

        // TFLite's scale is the quotient of the lengths.
        bool isWhole = scales is null || changed.All(axis => scales[axis] * from[axis].Size == to[axis].Size);
        bool isPoint = changed.Any(axis => to[axis] == 1);
        bool isFiltered = node.Int("antialias", 0) != 0 && changed.Any(axis => to[axis].Size < from[axis].Size);
        if (mode != "linear" || !isWhole || isPoint || isFiltered) return null;
        return place switch
        {
            "half_pixel" or "pytorch_half_pixel" or "half_pixel_symmetric" =>
            new ResizeOptions(BuiltinOptionsType.ResizeBilinear, false, true),
            "asymmetric" => new ResizeOptions(BuiltinOptionsType.ResizeBilinear, false, false),
            "align_corners" => new ResizeOptions(BuiltinOptionsType.ResizeBilinear, true, false),
            _ => null,
        };
    }

    private static TfliteTensor Along(Lowering context, Node node, ResizeTaps taps, TfliteTensor x, int axis, TfliteTensor? to)
    {
        var steps = new LoweringSteps(context, node);
        if (taps is { Width: 1, Extrapolates: false }) return steps.Gather(x, axis, taps.Positions, to);
        TfliteTensor? sum = null;
        for (int tap = 0; tap < taps.Width; tap++)
        {
            int[] positions = [.. Enumerable.Range(0, taps.Outputs).Select(i => taps.Positions[(i * taps.Width) + tap])];
            float[] shares = [.. Enumerable.Range(0, taps.Outputs).Select(i => taps.Shares[(i * taps.Width) + tap])];
            int[] dims = [.. Enumerable.Repeat(1, x.Rank)];
            dims[axis] = taps.Outputs;
            TfliteTensor table = context.Constant($"{node.Label}/shares", Tensor.Of<float>(dims, shares));
            TfliteTensor part = steps.Multiply(steps.Gather(x, axis, positions), table, taps.Width == 1 ? to : null);
            sum = sum is null ? part : steps.Add(sum, part, tap == taps.Width - 1 ? to : null);
        }

        return sum!;
    }
}
