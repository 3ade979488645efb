using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Tflite;
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
    private readonly ConvGeometry _geometry;
    private TfliteTensor _image;

    private WindowLowering(
        Lowering context, Node node, ConvGeometry geometry, TfliteTensor image, WindowAxis vertical, WindowAxis horizontal)
    {
        _context = context;
        _node = node;
        _geometry = geometry;
        _image = image;
        Axes = (vertical, horizontal);
    }

    /// <summary>The window along both axes of the image.</summary>
    public (WindowAxis Vertical, WindowAxis Horizontal) Axes { get; }

    /// <summary>Whether TFLite's SAME pads as the node does.</summary>
    public bool IsSame => Fits(Padding.Same);

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

        return new WindowLowering(context, node, geometry, x, vertical, horizontal);
    }

    /// <summary>The image.</summary>
    public TfliteTensor Image => _image;

    /// <summary>Goes on with a function of the image's elements in its place.</summary>
    /// <param name="function">Writes it; the result has the image's sizes.</param>
    public void Map(Func<TfliteTensor, TfliteTensor> function) => _image = function(_image);

    /// <summary>The image, padded where TFLite's own padding does not say it.</summary>
    /// <param name="value">What to pad with; zeros where null.</param>
    /// <param name="always">Whether to pad even where SAME would do.</param>
    public (TfliteTensor Image, Padding Padding) PadInput(Tensor? value, bool always = false)
    {
        if (Fits(Padding.Valid)) return (_image, Padding.Valid);
        if (IsSame && !always) return (_image, Padding.Same);
        return (Padded(_image, value), Padding.Valid);
    }

    /// <summary>An image of the input's height and width, padded as far as the windows reach.</summary>
    /// <param name="value">What to pad with; zeros where null.</param>
    public TfliteTensor Padded(TfliteTensor image, Tensor? value)
    {
        (Dim top, Dim bottom) = Pads(0);
        (Dim left, Dim right) = Pads(1);
        TfliteTensor padded = Lowering.Temporary(
            _node, image, [image.Dims[0], Length(image.Dims[1], top, bottom), Length(image.Dims[2], left, right), image.Dims[3]]);
        Dim[] all = [0, 0, top, bottom, left, right, 0, 0];
        TfliteTensor pads = Array.TrueForAll(all, p => p.IsKnown)
            ? _context.Constant($"{_node.Label}/pads", Tensor.Of<int>([4, 2], Array.ConvertAll(all, p => (int)p.Size)))
            : new LoweringSteps(_context, _node).Reshape(new SizeSteps(_context, _node).Vector(all), [4, 2]);
        if (value is null)
            _context.Emit(BuiltinOperator.Pad, [image, pads], [padded], new EmptyOptions(BuiltinOptionsType.Pad));
        else
            _context.Emit(
                BuiltinOperator.PadV2,
                [image, pads, _context.Constant($"{_node.Label}/lowest", value, image.Quantization)],
                [padded],
                new EmptyOptions(BuiltinOptionsType.PadV2));
        return padded;

        static int Length(int size, Dim begin, Dim end) => size < 0 ? -1 : checked((int)(size + begin.Size + end.Size));
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
        if (!IsKnown) throw GraphDiagnostics.DynamicShape.Error(_node.Label, _node.Input(0).Name, _node.ShapeOf(0));
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

    /// <summary>Whether both axes have known sizes.</summary>
    public bool IsKnown => Axes.Vertical.Input >= 0 && Axes.Horizontal.Input >= 0;

    private bool IsFlat => _node.ShapeOf(0).Rank == 3;

    private (Dim Begin, Dim End) Pads(int i)
    {
        WindowAxis axis = i == 0 ? Axes.Vertical : Axes.Horizontal;
        if (axis.Input >= 0) return (axis.PadBegin, Math.Max(0, axis.Reach));
        int place = IsFlat ? 2 : i + 2;
        return _geometry.OpenPads(IsFlat ? 0 : i, _node.ShapeOf(0)[place], _node.Output.Shape![place]);
    }

    private bool Fits(Padding padding)
    {
        return Of(Axes.Vertical, 0) && Of(Axes.Horizontal, IsFlat ? 0 : 1);

        bool Of(WindowAxis axis, int i) => axis.Input < 0 ? _geometry.OpenPadding(i) == padding || IsBoth(axis)
            : padding == Padding.Same ? FitsSame(axis) : FitsValid(axis);

        // A window of one position, at each, needs no padding.
        static bool IsBoth(WindowAxis axis) => axis is { Extent: 1, Stride: 1, PadBegin: 0, PadEnd: 0 };
    }

    private static bool FitsSame(WindowAxis axis)
    {
        int output = (axis.Input + axis.Stride - 1) / axis.Stride;
        int total = Math.Max(0, ((output - 1) * axis.Stride) + axis.Extent - axis.Input);
        return axis.Output == output && axis.PadBegin == total / 2;
    }

    private static bool FitsValid(WindowAxis axis) =>
        axis.PadBegin == 0 && axis.Reach <= 0 && axis.Output == ((axis.Input - axis.Extent) / axis.Stride) + 1;
}
