using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Convolution;

/// <summary>
/// The lowering that Conv and the pools share: images in NHWC, 1-D data as images of height 1, and padding as SAME or VALID, else as a
/// PAD before a VALID (which the runtime's plan folds back).
/// </summary>
internal sealed class WindowLowering
{
    private readonly Lowering _context;
    private readonly Node _node;
    private TfliteTensor _image;

    private WindowLowering(Lowering context, Node node, TfliteTensor image, WindowAxis vertical, WindowAxis horizontal)
    {
        _context = context;
        _node = node;
        _image = image;
        Axes = (vertical, horizontal);
    }

    /// <summary>The window along both axes of the image.</summary>
    public (WindowAxis Vertical, WindowAxis Horizontal) Axes { get; }

    /// <summary>Whether TFLite's SAME pads as the node does.</summary>
    public bool IsSame => FitsSame(Axes.Vertical) && FitsSame(Axes.Horizontal);

    /// <summary>A value that is never larger than another of the input's type.</summary>
    public Tensor LowestValue => _image switch
    {
        { Quantization: { } grid } => Tensor.Vector(
            ((grid.Type == ElementType.UInt8 ? 0 : sbyte.MinValue) - grid.ZeroPoint) * grid.Scale),
        { Type: TensorType.Float32 } => Tensor.Vector(float.MinValue),
        _ => throw GraphDiagnostics.UnsupportedForm.Error(_node.Label, _node.Type, $"elements of type {_image.Type}"),
    };

    private static ReadOnlySpan<int> Nwc => [0, 2, 1];

    /// <summary>Asks for input 0 as an image.</summary>
    public static WindowLowering Begin(Lowering context, Node node, ConvGeometry geometry)
    {
        bool flat = node.ShapeOf(0).Rank == 3;
        // Volumes became images, where their sizes are known.
        if (node.ShapeOf(0).Rank > 4) throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Input(0).Name, node.ShapeOf(0));
        TfliteTensor x = context.Input(node, 0, flat ? Nwc : Lowering.Nhwc);
        // TFLite takes 8-bit integers for quantized numbers; float32 holds plain ones.
        if (x is { Quantization: null, Type: TensorType.Int8 or TensorType.UInt8 })
            x = new LoweringSteps(context, node).Cast(x, TensorType.Float32);
        if (x.OpenAxis > 0) throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Input(0).Name, node.ShapeOf(0));
        int[] dims = flat ? [x.Dims[0], 1, x.Dims[1], x.Dims[2]] : x.Dims;
        (WindowAxis vertical, WindowAxis horizontal) =
            geometry.Resolve(flat ? [dims[0], dims[3], dims[2]] : [dims[0], dims[3], dims[1], dims[2]]);
        if (flat)
        {
            TfliteTensor reshaped = Lowering.Temporary(node, x.Type, dims, x.OpenAxis, x.Quantization);
            context.EmitReshape(x, reshaped);
            x = reshaped;
        }

        return new WindowLowering(context, node, x, vertical, horizontal);
    }

    /// <summary>Goes on with a function of the image's elements in its place.</summary>
    /// <param name="function">Writes it; the result has the image's sizes.</param>
    public void Map(Func<TfliteTensor, TfliteTensor> function) => _image = function(_image);

    /// <summary>The image, padded where TFLite's own padding does not say it.</summary>
    /// <param name="value">What to pad with; zeros where null.</param>
    /// <param name="always">Whether to pad even where SAME would do.</param>
    public (TfliteTensor Image, Padding Padding) PadInput(Tensor? value, bool always = false)
    {
        (WindowAxis v, WindowAxis h) = Axes;
        if (FitsValid(v) && FitsValid(h)) return (_image, Padding.Valid);
        if (IsSame && !always) return (_image, Padding.Same);
        int bottom = Math.Max(0, v.Reach), right = Math.Max(0, h.Reach);
        TfliteTensor padded = Lowering.Temporary(
            _node, _image, [_image.Dims[0], v.PadBegin + v.Input + bottom, h.PadBegin + h.Input + right, _image.Dims[3]]);
        TfliteTensor pads = _context.Constant(
            $"{_node.Label}/pads", Tensor.Of<int>([4, 2], [0, 0, v.PadBegin, bottom, h.PadBegin, right, 0, 0]));
        if (value is null)
            _context.Emit(BuiltinOperator.Pad, [_image, pads], [padded], new EmptyOptions(BuiltinOptionsType.Pad));
        else
            _context.Emit(
                BuiltinOperator.PadV2,
                [_image, pads, _context.Constant($"{_node.Label}/lowest", value, _image.Quantization)],
                [padded],
                new EmptyOptions(BuiltinOptionsType.PadV2));
        return (padded, Padding.Valid);
    }

    /// <summary>Writes the operator and brings its result to the node's output.</summary>
    /// <param name="emit">Writes it, given its inputs and the image to write to.</param>
    public void End(Action<TfliteTensor?[], TfliteTensor> emit, params TfliteTensor?[] inputs)
    {
        bool flat = _node.ShapeOf(0).Rank == 3;
        TfliteTensor y = _context.Output(_node, 0, flat ? Nwc : Lowering.Nhwc), result = y;
        bool casts = y.Quantization is null && y.Type != TensorType.Float32;
        if (flat || casts)
        {
            int[] dims = flat ? [y.Dims[0], 1, y.Dims[1], y.Dims[2]] : y.Dims;
            result = Lowering.Temporary(_node, casts ? TensorType.Float32 : y.Type, dims, y.OpenAxis, y.Quantization);
        }

        emit(inputs, result);
        if (casts) result = new LoweringSteps(_context, _node).Cast(result, y.Type, flat ? null : y);
        if (flat) _context.EmitReshape(result, y);
    }

    /// <summary>
    /// A pool with dilations, which TFLite's pools lack: combines the windows' rows, then their columns, as strided slices.
    /// </summary>
    /// <param name="op">ADD or MAXIMUM.</param>
    /// <param name="to">Where to write the result; a new tensor where null.</param>
    public TfliteTensor Combine(BuiltinOperator op, TfliteTensor padded, TfliteTensor? to) =>
        Combine(op, 2, Axes.Horizontal, Combine(op, 1, Axes.Vertical, padded, null), to);

    private TfliteTensor Combine(BuiltinOperator op, int axis, WindowAxis w, TfliteTensor from, TfliteTensor? output)
    {
        TfliteTensor? combined = null;
        for (int tap = 0; tap < w.Kernel; tap++)
        {
            int[] begin = new int[4], end = [.. from.Dims], strides = [1, 1, 1, 1];
            begin[axis] = tap * w.Dilation;
            end[axis] = begin[axis] + ((w.Output - 1) * w.Stride) + 1;
            strides[axis] = w.Stride;
            int[] dims = [.. from.Dims];
            dims[axis] = w.Output;
            int others = 0b1111 & ~(1 << axis);
            TfliteTensor slice = w.Kernel == 1 && output is not null ? output : Lowering.Temporary(_node, from, dims);
            _context.Emit(
                BuiltinOperator.StridedSlice, [from, Ints("begin", begin), Ints("end", end), Ints("strides", strides)],
                [slice], new StridedSliceOptions(others, others, 0, 0, 0));
            if (combined is not null)
            {
                bool isLast = tap == w.Kernel - 1 && output is not null;
                TfliteTensor both = isLast ? output! : Lowering.Temporary(_node, from, dims);
                slice = new LoweringSteps(_context, _node).Binary(op, combined, slice, both);
            }

            combined = slice;
        }

        return combined!;
    }

    private TfliteTensor Ints(string name, int[] values) => _context.Constant($"{_node.Label}/{name}", Tensor.Vector<int>(values));

    private static bool FitsSame(WindowAxis axis)
    {
        int output = (axis.Input + axis.Stride - 1) / axis.Stride;
        int total = Math.Max(0, ((output - 1) * axis.Stride) + axis.Extent - axis.Input);
        return axis.Output == output && axis.PadBegin == total / 2;
    }

    private static bool FitsValid(WindowAxis axis) =>
        axis.PadBegin == 0 && axis.Reach <= 0 && axis.Output == ((axis.Input - axis.Extent) / axis.Stride) + 1;
}
