using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Convolution;

/// <summary>Writes a ConvTranspose as a convolution of X with zeros between its elements.</summary>
internal static class ConvTransposeLowering
{
    /// <summary>Writes it.</summary>
    /// <param name="axisOf">The window along an axis: node, spatial axis, spatial rank, length of X, window; its Input is the result's
    /// length.</param>
    public static void Lower(Lowering context, Node node, int group, Func<Node, int, int, long, int, WindowAxis> axisOf)
    {
        if (node.Input(1).Constant is not { } weights)
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, "weights that are computed");
        if (weights.Rank > 4) throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Input(0).Name, node.ShapeOf(0));
        var steps = new LoweringSteps(context, node);
        bool flat = weights.Rank == 3;
        TfliteTensor x = context.Input(node, 0, flat ? [0, 2, 1] : Lowering.Nhwc);
        if (x.OpenAxis > 0) throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Input(0).Name, node.ShapeOf(0));
        if (flat) x = steps.Reshape(x, [x.Dims[0], 1, x.Dims[1], x.Dims[2]], x.OpenAxis);
        int rank = weights.Rank - 2;
        WindowAxis v = flat ? WindowAxis.None : axisOf(node, 0, rank, x.Dims[1], weights.Dims[2]);
        WindowAxis h = axisOf(node, rank - 1, rank, x.Dims[2], weights.Dims[^1]);
        TfliteTensor image = Cut(context, node, Spread(context, node, steps, x, v.Stride, h.Stride), v, h);
        Convolve(context, node, image, group, v, h);
    }

    private static TfliteTensor Spread(Lowering context, Node node, LoweringSteps steps, TfliteTensor x, int vertical, int horizontal)
    {
        (int n, int height, int width, int channels) = (x.Dims[0], x.Dims[1], x.Dims[2], x.Dims[3]);
        if (horizontal > 1)
        {
            x = Pad(context, node, steps.Reshape(x, [n, height, width, 1, channels], x.OpenAxis), [0, 0, 0, 0, 0],
                [0, 0, 0, horizontal - 1, 0]);
            width *= horizontal;
        }

        if (vertical > 1)
        {
            x = Pad(context, node, steps.Reshape(x, [n, height, 1, width * channels], x.OpenAxis), [0, 0, 0, 0], [0, 0, vertical - 1, 0]);
            height *= vertical;
        }

        return x.Dims.AsSpan().SequenceEqual([n, height, width, channels]) ? x : steps.Reshape(x, [n, height, width, channels], x.OpenAxis);
    }

    /// <summary>The image padded as far as the windows reach, or cropped to it.</summary>
    private static TfliteTensor Cut(Lowering context, Node node, TfliteTensor x, WindowAxis v, WindowAxis h)
    {
        int top = v.Extent - 1 - v.PadBegin, left = h.Extent - 1 - h.PadBegin;
        int bottom = v.Input + v.Extent - 1 - x.Dims[1] - top, right = h.Input + h.Extent - 1 - x.Dims[2] - left;
        if (Math.Min(Math.Min(top, bottom), Math.Min(left, right)) < 0)
        {
            int[] begin = [0, Math.Max(0, -top), Math.Max(0, -left), 0];
            int[] dims = [x.Dims[0], x.Dims[1] - begin[1] - Math.Max(0, -bottom), x.Dims[2] - begin[2] - Math.Max(0, -right), x.Dims[3]];
            TfliteTensor cut = Lowering.Temporary(node, x, dims);
            context.Emit(
                BuiltinOperator.Slice, [x, Ints("begin", begin), Ints("size", [x.OpenAxis == 0 ? -1 : dims[0], .. dims[1..]])], [cut],
                new EmptyOptions(BuiltinOptionsType.Slice));
            x = cut;
        }

        return Pad(context, node, x, [0, Math.Max(0, top), Math.Max(0, left), 0], [0, Math.Max(0, bottom), Math.Max(0, right), 0]);

        TfliteTensor Ints(string name, int[] values) => context.Constant($"{node.Label}/{name}", Tensor.Vector<int>(values));
    }

    private static TfliteTensor Pad(Lowering context, Node node, TfliteTensor x, int[] before, int[] behind)
    {
        if (before.Concat(behind).All(p => p == 0)) return x;
        TfliteTensor padded = Lowering.Temporary(node, x, [.. x.Dims.Select((d, i) => d + before[i] + behind[i])]);
        Tensor table = Tensor.Of<int>([x.Rank, 2], [.. before.SelectMany((p, i) => new[] { p, behind[i] })]);
        context.Emit(BuiltinOperator.Pad, [x, context.Constant($"{node.Label}/pads", table)], [padded],
            new EmptyOptions(BuiltinOptionsType.Pad));
        return padded;
    }

    private static void Convolve(
        Lowering context, Node node, TfliteTensor image, int group, WindowAxis v, WindowAxis h)
    {
        Tensor weights = node.Input(1).Constant!;
        bool depthwise = group > 1 && group == weights.Dims[0];
        int filters = weights.Dims[1] * group;
        TfliteTensor w = context.ConstantInput(
            node, 1, depthwise ? "depthwise" : "filters", tensor => Turned(tensor, group, depthwise),
            axis => axis == 1 ? 0 : throw GraphDiagnostics.InvalidGraph.Error(node.Label, "the weights have one scale per input channel"));
        bool isAdded = node.InputOrNull(2) is { IsConstant: false };
        TfliteTensor b = LayerBias.Of(context, node, isAdded ? -1 : 2, image, w, filters);
        bool flat = weights.Rank == 3;
        TfliteTensor y = context.Output(node, 0, flat ? [0, 2, 1] : Lowering.Nhwc);
        int[] dims = [y.Dims[0], v.Input, h.Input, filters];
        TfliteTensor result = flat || isAdded ? Lowering.Temporary(node, y.Type, dims, y.OpenAxis) : y;
        if (depthwise)
            context.Emit(BuiltinOperator.DepthwiseConv2D, [image, w, b], [result], new DepthwiseConv2DOptions(
                Padding.Valid, 1, 1, filters / group, ActivationFunction.None, h.Dilation, v.Dilation));
        else
            context.Emit(BuiltinOperator.Conv2D, [image, w, b], [result], new Conv2DOptions(
                Padding.Valid, 1, 1, ActivationFunction.None, h.Dilation, v.Dilation));
        if (isAdded) result = new LoweringSteps(context, node).Add(result, context.Input(node, 2), flat ? null : y);
        if (flat) context.EmitReshape(result, y);
    }

    /// <summary>
    /// The weights [C, M/group, window…], turned round, as filters [M, KH, KW, C/group], or [1, KH, KW, M] for depthwise.
    /// </summary>
    private static Tensor Turned(Tensor tensor, int group, bool depthwise)
    {
        ReadOnlySpan<float> from = Casting.To(tensor, ElementType.Float32).As<float>();
        int channels = tensor.Dims[0] / group, filters = tensor.Dims[1], height = tensor.Rank == 3 ? 1 : tensor.Dims[2],
            width = tensor.Dims[^1];
        Tensor result = Tensor.Zeros(ElementType.Float32, [filters * group, height, width, channels]);
        Span<float> to = result.As<float>();
        int at = 0;
        for (int m = 0; m < filters * group; m++)
        for (int ky = height - 1; ky >= 0; ky--)
        for (int kx = width - 1; kx >= 0; kx--)
        for (int c = 0; c < channels; c++)
            to[at++] = from[(((((((m / filters * channels) + c) * filters) + (m % filters)) * height) + ky) * width) + kx];
        return depthwise ? AxisOrder.Permute(result, [3, 1, 2, 0]) : result;
    }
}
