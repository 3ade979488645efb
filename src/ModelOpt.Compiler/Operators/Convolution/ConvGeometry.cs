using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Convolution;

/// <summary>A window sliding along one axis.</summary>
/// <param name="Stride">Input positions from one window to the next.</param>
/// <param name="Dilation">Input positions from one tap to the next.</param>
/// <param name="PadEnd">
/// Positions behind the input that the model asks for; the last window may reach further (ceil_mode) or less far.
/// </param>
internal readonly record struct WindowAxis(
    int Input, int Output, int Kernel, int Stride, int Dilation, int PadBegin, int PadEnd)
{
    /// <summary>The axis that a 1-D window lacks when it is taken as 2-D.</summary>
    public static WindowAxis None => Whole(1);

    /// <summary>An axis along which the window does nothing.</summary>
    public static WindowAxis Whole(int size) => new(size, size, 1, 1, 1, 0, 0);

    /// <summary>Positions from the first tap to the last, both included.</summary>
    public int Extent => ((Kernel - 1) * Dilation) + 1;

    /// <summary>Positions behind the input that the last window reaches; negative where it ends inside.</summary>
    public int Reach => ((Output - 1) * Stride) + Extent - PadBegin - Input;

    /// <summary>The taps of a window that lie at positions from <paramref name="low"/> to before <paramref name="high"/>.</summary>
    /// <returns>The first tap, and the tap behind the last.</returns>
    public (int Begin, int End) Taps(int output, int low, int high)
    {
        int start = (output * Stride) - PadBegin;
        int begin = start >= low ? 0 : Math.Min(Kernel, (low - start + Dilation - 1) / Dilation);
        int end = start >= high ? begin : Math.Clamp(((high - 1 - start) / Dilation) + 1, begin, Kernel);
        return (begin, end);
    }
}

/// <summary>Window, strides, dilations and padding of a Conv or pooling node; sizes as ONNX defines them.</summary>
internal sealed class ConvGeometry
{
    private const int Largest = 1 << 16;
    private readonly Node _node;
    private readonly int[] _kernel, _strides, _dilations, _pads;
    private readonly string _autoPad;
    private readonly bool _ceil;

    private ConvGeometry(Node node, int[] kernel)
    {
        int rank = kernel.Length;
        _node = node;
        _kernel = kernel;
        _strides = Attribute("strides", rank, 1, 1);
        _dilations = Attribute("dilations", rank, 1, 1);
        _pads = Attribute("pads", 2 * rank, 0, 0);
        _ceil = node.Int("ceil_mode", 0) != 0;
        _autoPad = node.String("auto_pad", "NOTSET");
        if (_autoPad is not ("NOTSET" or "SAME_UPPER" or "SAME_LOWER" or "VALID"))
            throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "auto_pad", $"is '{_autoPad}'");
        if (_autoPad != "NOTSET") Array.Clear(_pads);
    }

    private bool IsSame => _autoPad is "SAME_UPPER" or "SAME_LOWER";

    /// <summary>The geometry of a pooling node, its window taken from <c>kernel_shape</c>.</summary>
    /// <param name="node">The node; its input 0 has a shape of known rank.</param>
    public static ConvGeometry OfPool(Node node)
    {
        int rank = SpatialRank(node);
        if (node.Ints("kernel_shape") is not { } kernel)
            throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "kernel_shape", "is missing");
        return new ConvGeometry(node, Checked(node, "kernel_shape", kernel, rank, 1));
    }

    /// <summary>The geometry of a Conv node, its window taken from the weights.</summary>
    /// <param name="node">The node; inputs 0 and 1 have shapes of known rank.</param>
    /// <param name="weights">The weights' shape, [M, C/groups, window…].</param>
    public static ConvGeometry OfConv(Node node, Shape weights)
    {
        int rank = SpatialRank(node);
        if (weights.Rank != rank + 2)
            throw GraphDiagnostics.ShapeMismatch.Error(
                node.Label, $"weights {weights} do not fit an input of rank {rank + 2}");
        long[] kernel = [.. weights.Skip(2).Select(d => d.Size)];
        if (node.Ints("kernel_shape") is { } declared && !declared.AsSpan().SequenceEqual(kernel))
            throw GraphDiagnostics.InvalidAttribute.Error(
                node.Label, "kernel_shape", $"is [{string.Join(", ", declared)}], but the weights are {weights}");
        return new ConvGeometry(node, Checked(node, "kernel_shape", kernel, rank, 1));
    }

    /// <summary>The shape of the output: batch, channels, then the number of windows per axis.</summary>
    /// <param name="input">The input's shape; unknown sizes give unknown sizes.</param>
    public Shape OutputShape(Shape input, Dim channels)
    {
        var dims = new Dim[input.Rank];
        dims[0] = input[0];
        dims[1] = channels;
        for (int i = 0; i < _kernel.Length; i++)
        {
            Dim size = input[i + 2];
            dims[i + 2] = size.IsKnown ? Axis(i, size.Size).Output : Windows(i, size);
        }

        return new Shape(dims);
    }

    /// <summary>The number of windows along an axis of open size, as <see cref="Axis"/> has it for a known one.</summary>
    private Dim Windows(int i, Dim size)
    {
        long stride = _strides[i], extent = ((long)(_kernel[i] - 1) * _dilations[i]) + 1, begin = _pads[i], end = _pads[i + _kernel.Length];
        if (IsSame) return Dim.CeilDivide(size, stride);
        Dim free = size + Dim.Literal(begin + end - extent);
        if (!_ceil) return Dim.FloorDivide(free, stride) + 1;
        return end < extent ? Dim.Min(Dim.CeilDivide(free, stride) + 1, Dim.CeilDivide(size + begin, stride)) : Dim.Unknown;
    }

    /// <summary>The window along each spatial axis.</summary>
    /// <param name="input">The input's sizes, batch and channels included.</param>
    public WindowAxis[] Axes(ReadOnlySpan<int> input)
    {
        var axes = new WindowAxis[_kernel.Length];
        for (int i = 0; i < axes.Length; i++) axes[i] = Axis(i, input[i + 2]);
        return axes;
    }

    /// <summary>The window along both axes of a 2-D form; a 1-D window has <see cref="WindowAxis.None"/> first.</summary>
    /// <param name="input">The input's sizes, batch and channels included.</param>
    /// <exception cref="CompilationException">The window has three dimensions.</exception>
    public (WindowAxis Vertical, WindowAxis Horizontal) Resolve(ReadOnlySpan<int> input) => _kernel.Length switch
    {
        1 => (WindowAxis.None, Axis(0, input[2])),
        2 => (Axis(0, input[2]), Axis(1, input[3])),
        _ => throw GraphDiagnostics.DynamicShape.Error(_node.Label, _node.Input(0).Name, _node.ShapeOf(0)),
    };

    /// <summary>The shape of the operation for the runtime's kernels.</summary>
    /// <param name="input">The input's sizes, batch and channels included.</param>
    public Window2D ToWindow(ReadOnlySpan<int> input, int channels)
    {
        (WindowAxis v, WindowAxis h) = Resolve(input);
        return ToWindow(input[0], input[1], channels, v, h);
    }

    /// <summary>The shape of the operation for the runtime's kernels.</summary>
    public static Window2D ToWindow(int batch, int inputs, int outputs, WindowAxis v, WindowAxis h) => new(
        batch, v.Input, h.Input, inputs, v.Output, h.Output, outputs,
        v.Kernel, h.Kernel, v.Stride, h.Stride, v.Dilation, h.Dilation, v.PadBegin, h.PadBegin);

    /// <summary>How TFLite pads along an axis of any size as the node does; null where neither SAME nor VALID does.</summary>
    public Padding? OpenPadding(int i)
    {
        int extent = ((_kernel[i] - 1) * _dilations[i]) + 1, begin = _pads[i], end = _pads[i + _kernel.Length];
        if (_autoPad == "SAME_UPPER" || (_strides[i] == 1 && IsSame && extent % 2 == 1)) return Padding.Same;
        if (IsSame || (_ceil && _strides[i] > 1)) return null;
        return (begin, end) == (0, 0) ? Padding.Valid
            : _strides[i] == 1 && begin == (extent - 1) / 2 && end == extent - 1 - begin ? Padding.Same : null;
    }

    /// <summary>The positions before and behind an axis of any size that its windows reach.</summary>
    public (Dim Begin, Dim End) OpenPads(int i, Dim input, Dim output)
    {
        long stride = _strides[i], extent = ((long)(_kernel[i] - 1) * _dilations[i]) + 1, begin = _pads[i], end = _pads[i + _kernel.Length];
        if (!IsSame && !_ceil) return (begin, end);
        Dim all = Dim.Max(((output - 1) * stride) + extent - input, 0);
        if (!IsSame) return (begin, Dim.Max(all - begin, 0));
        Dim half = Dim.FloorDivide(all, 2);
        return _autoPad == "SAME_UPPER" ? (half, all - half) : (all - half, half);
    }

    private WindowAxis Axis(int i, long size)
    {
        // The size is open.
        if (size < 0)
            return new WindowAxis(-1, -1, _kernel[i], _strides[i], _dilations[i], _pads[i], _pads[i + _kernel.Length]);
        long stride = _strides[i], extent = ((long)(_kernel[i] - 1) * _dilations[i]) + 1;
        long begin = _pads[i], end = _pads[i + _kernel.Length], output;
        if (IsSame)
        {
            output = (size + stride - 1) / stride;
            long total = Math.Max(0, ((output - 1) * stride) + extent - size);
            begin = _autoPad == "SAME_UPPER" ? total / 2 : total - (total / 2);
            end = total - begin;
        }
        else
        {
            long free = size + begin + end - extent;
            if (free < 0)
                throw GraphDiagnostics.ShapeMismatch.Error(
                    _node.Label, $"a window of {extent} does not fit a padded input of {size + begin + end}");
            output = (free / stride) + 1;
            // The last window of ceil_mode must start inside the input or the padding before it.
            if (_ceil && free % stride != 0 && output * stride < size + begin) output++;
        }

        if (size + begin + end + extent + stride > int.MaxValue)
            throw GraphDiagnostics.ShapeMismatch.Error(_node.Label, $"a padded input of {size + begin + end} is too large");
        return new WindowAxis(
            (int)size, (int)output, _kernel[i], _strides[i], _dilations[i], (int)begin, (int)end);
    }

    private static int SpatialRank(Node node)
    {
        int rank = node.ShapeOf(0).Rank - 2;
        return rank is >= 1 and <= 3 ? rank : throw GraphDiagnostics.UnsupportedForm.Error(
            node.Label, node.Type, $"{rank}-dimensional windows; there are 1, 2 and 3");
    }

    private int[] Attribute(string name, int count, int least, int fallback)
    {
        if (_node.Ints(name) is { } values) return Checked(_node, name, values, count, least);
        var all = new int[count];
        Array.Fill(all, fallback);
        return all;
    }

    private static int[] Checked(Node node, string name, long[] values, int count, int least)
    {
        if (values.Length != count)
            throw GraphDiagnostics.InvalidAttribute.Error(node.Label, name, $"has {values.Length} numbers instead of {count}");
        if (Array.Exists(values, v => v < least || v > Largest))
            throw GraphDiagnostics.InvalidAttribute.Error(
                node.Label, name, $"is [{string.Join(", ", values)}]; at least {least} and at most {Largest} is expected");
        return Array.ConvertAll(values, v => (int)v);
    }
}
