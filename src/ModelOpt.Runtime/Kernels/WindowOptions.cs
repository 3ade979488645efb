using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels;

/// <summary>Window, strides and padding of a convolution or pooling operator.</summary>
internal readonly record struct WindowOptions(
    Padding Padding,
    int KernelHeight,
    int KernelWidth,
    int StrideHeight,
    int StrideWidth,
    int DilationHeight = 1,
    int DilationWidth = 1)
{
    private const int MaxParameter = 1 << 16;
    private const int MaxExtent = 1 << 24;

    /// <summary>The geometry over the node's input 0 and its output, including padding folded into the node.</summary>
    public Window2D Window(Node node)
    {
        Tensor input = node.Input(0), output = node.Output;
        ((int top, int height), (int left, int width)) = Axes(node);
        return new Window2D(
            input.Shape[0], input.Shape[1], input.Shape[2], input.Shape[3],
            height, width, output.Shape[3],
            KernelHeight, KernelWidth, StrideHeight, StrideWidth, DilationHeight, DilationWidth,
            top, left);
    }

    /// <summary>Height and width of the output.</summary>
    public (int Height, int Width) Positions(Node node)
    {
        ((_, int height), (_, int width)) = Axes(node);
        return (height, width);
    }

    // Padding at the start and number of outputs, of height and width.
    private ((int Start, int Count) Height, (int Start, int Count) Width) Axes(Node node)
    {
        Tensor input = node.Input(0);
        node.Require(input.Rank == 4, "the input must have 4 dimensions");
        node.Require(Padding is Padding.Same or Padding.Valid, "unknown padding");
        node.Require(
            IsExtent(KernelHeight) && IsExtent(KernelWidth) && IsExtent(StrideHeight) && IsExtent(StrideWidth)
                && IsExtent(DilationHeight) && IsExtent(DilationWidth),
            "window, stride and dilation must be positive");
        return (
            Axis(node, input.Shape[1], KernelHeight, StrideHeight, DilationHeight, node.FoldedPadding.Top, node.FoldedPadding.Bottom),
            Axis(node, input.Shape[2], KernelWidth, StrideWidth, DilationWidth, node.FoldedPadding.Left, node.FoldedPadding.Right));
    }

    private static bool IsExtent(int parameter) => parameter is > 0 and < MaxParameter;

    private (int Start, int Count) Axis(
        Node node, int size, int kernel, int stride, int dilation, int before, int after)
    {
        long extent = ((long)(kernel - 1) * dilation) + 1;
        node.Require(extent < MaxExtent, "the dilated window is too large");
        if (Padding == Padding.Valid)
        {
            long padded = (long)size + before + after, room = padded - extent;
            node.Require(room >= 0 || size == 0, $"a window of {extent} does not fit a padded input of {padded}");
            return (before, room < 0 ? 0 : (int)(room / stride) + 1);
        }

        node.Require(before == 0 && after == 0, "padding was folded into a node that pads by itself");
        int count = (int)(((long)size + stride - 1) / stride);
        long total = Math.Max(0, ((long)(count - 1) * stride) + extent - size);
        return ((int)(total / 2), count);
    }
}
