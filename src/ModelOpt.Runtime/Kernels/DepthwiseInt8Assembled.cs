using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Kernels.Simd;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// 8-bit depthwise convolution, NHWC, assembled for AVX512-VNNI. The input is read where it lies; a row of zero points stands
/// for rows outside of the image. Rows of few channels are copied to have their padding with them, see
/// <see cref="DepthwiseShape"/>. The instruction multiplies unsigned bytes by signed ones, so int8 input counts 128 more,
/// which the starts take back: start = bias − (z + 128)·Σw. Input 0: activations; output 0: the result.
/// </summary>
internal sealed unsafe class DepthwiseInt8Assembled : Kernel
{
    private readonly Window2D _window;
    private readonly int _rows;
    private readonly int _itemsPerImage;
    private readonly int _inputRows;
    private readonly BorderedRows? _bordered;
    private readonly AlignedBuffer<byte> _paddingRow;
    private readonly Int8EpilogueConstants _constants;
    private readonly Segment[] _segments;
    private readonly ulong _mask;

    private DepthwiseInt8Assembled(
        Window2D window, LayerQuantization quantization, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias, bool unsigned,
        AssembledCode code)
    {
        _window = window;
        _rows = DepthwisePlan.PreferredRows(window);
        _itemsPerImage = (window.OutputHeight + _rows - 1) / _rows;
        _inputRows = window.KernelHeight + _rows - 1;
        _constants = new Int8EpilogueConstants(quantization, null);
        byte padding = unchecked((byte)quantization.InputZeroPoint);
        if (DepthwiseShape.For(window, unsigned, default).Flat)
        {
            padding = (byte)(unsigned ? padding : padding ^ 0x80);
            _bordered = new BorderedRows(window, _inputRows, !unsigned, padding);
        }

        _paddingRow = new AlignedBuffer<byte>(_bordered?.Pitch ?? window.InputWidth * window.InputChannels);
        _paddingRow.Span.Fill(padding);
        int masked = _bordered is null ? Math.Min(window.InputChannels, 16) : (window.OutputWidth * window.InputChannels) % 64;
        _mask = (1ul << masked) - 1;
        _segments = CreateSegments(quantization, weights, bias, unsigned, code);
    }

    public override int ScratchBytes => RowTableBytes + (_bordered?.ScratchBytes ?? 0);

    private int RowTableBytes => ((_inputRows * sizeof(byte*)) + 63) & ~63;

    public override int Items => _window.Batch * _itemsPerImage;

    public override long Work =>
        (long)_window.Batch * _window.OutputHeight * _window.OutputWidth * _window.OutputChannels * _window.KernelHeight
        * _window.KernelWidth;

    /// <summary>The kernel; null where the window or the weights are not for this way.</summary>
    public static Kernel? TryCreate(
        Window2D window, LayerQuantization quantization, ReadOnlySpan<byte> weights, ReadOnlySpan<int> bias, bool unsigned,
        AssembledCode code) =>
        DepthwiseEmitter.Supports(DepthwiseShape.For(window, unsigned, default))
        && ConvInt8Assembled.TryCenter(weights, quantization.WeightZeroPoint, unsigned, out ReadOnlySpan<sbyte> centered)
            ? new DepthwiseInt8Assembled(window, quantization, centered, bias, unsigned, code)
            : null;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(in KernelArguments args, int start, int end)
    {
        nint rowBytes = (nint)_window.InputWidth * _window.InputChannels;
        nint outputBytes = (nint)_window.OutputWidth * _window.OutputChannels;
        fixed (byte* input = args.Input<byte>(0), output = args.Output<byte>(0), scratch = args.Scratch<byte>())
        {
            byte** rows = (byte**)scratch;
            byte* copies = scratch + RowTableBytes;
            _bordered?.Forget(copies);
            for (int item = start; item < end; item++)
            {
                int image = item / _itemsPerImage, oy = item % _itemsPerImage * _rows;
                for (int row = 0; row < _inputRows; row++)
                {
                    int y = (oy * _window.StrideHeight) - _window.PadTop + (row * _window.DilationHeight);
                    byte* from = input + ((((nint)image * _window.InputHeight) + y) * rowBytes);
                    rows[row] = (uint)y >= (uint)_window.InputHeight ? _paddingRow.Pointer
                        : _bordered is null ? from
                        : _bordered.Copy(from, (image * _window.InputHeight) + y, copies);
                }

                byte* to = output + ((((nint)image * _window.OutputHeight) + oy) * outputBytes);
                Run(rows, to, outputBytes, oy + _rows > _window.OutputHeight);
            }
        }
    }

    /// <summary>Output rows below one another, from the given input rows; a single one where it is the <paramref name="rest"/>.</summary>
    private void Run(byte** rows, byte* output, nint outputBytes, bool rest)
    {
        int channel = 0;
        foreach (Segment segment in _segments)
        {
            for (int row = 0; row < _inputRows; row++)
                rows[row] += segment.FirstChannel - channel;
            channel = segment.FirstChannel;
            DepthwiseArguments arguments;
            arguments.Rows = rows;
            arguments.Panel = segment.Constants.Pointer;
            arguments.Constants = _constants.Pointer;
            arguments.Output = output + channel;
            arguments.SecondOutput = output + outputBytes + channel;
            arguments.Panels = segment.Panels;
            arguments.Mask = _mask;
            (rest ? segment.LastRow! : segment.Rows).Call(&arguments);
        }
    }

    private Segment[] CreateSegments(
        LayerQuantization quantization, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias, bool unsigned, AssembledCode code)
    {
        int channels = _window.InputChannels;
        int zero = quantization.InputZeroPoint + (unsigned ? 0 : 128);
        var starts = new int[channels];
        var multipliers = new float[channels];
        bool fits = true;
        for (int channel = 0; channel < channels; channel++)
        {
            (int sum, int absolute) = Sum(weights, channel, channels);
            int start = bias.IsEmpty ? 0 : bias[channel];
            starts[channel] = unchecked(start - (zero * sum));
            multipliers[channel] = quantization.Multiplier(channel);
            fits &= Int8Epilogue.Fits((255L * absolute) + Math.Abs((long)start), multipliers[channel]);
        }

        var shape = DepthwiseShape.For(_window, unsigned, Int8Epilogue.For(quantization, unsigned, fits, null));
        DepthwisePlan plan = DepthwisePlan.Create(shape);
        if (shape.Flat)
            return [CreateSegment(shape, plan, 0, 1, weights, starts, multipliers, code)];
        var segments = new List<Segment>();

        // Panels of 64 channels, and the rest in one or two of the narrowest panels that hold it. The last panel overlaps the
        // one before where it is not full.
        for (int done = 0; done < channels;)
        {
            int rest = channels - done;
            VectorWidth width = rest > 32 && channels >= 64 ? VectorWidth.Bits512
                : rest > 16 && channels >= 32 ? VectorWidth.Bits256
                : VectorWidth.Bits128;
            int bytes = 16 << (int)width, panels = Math.Max(1, rest / bytes);
            int first = Math.Max(0, Math.Min(done, channels - bytes));
            done = first + (panels * bytes);
            segments.Add(CreateSegment(shape with { Width = width }, plan, first, panels, weights, starts, multipliers, code));
        }

        return [.. segments];
    }

    private Segment CreateSegment(
        DepthwiseShape shape, DepthwisePlan plan, int first, int panels, ReadOnlySpan<sbyte> weights, int[] starts, float[] multipliers,
        AssembledCode code) => new(
            first,
            panels,
            new DepthwisePanels(plan, shape.Width, shape.Flat, panels, first, weights, starts, multipliers),
            code.Get(shape, DepthwiseEmitter.Emit),
            _window.OutputHeight % _rows == 0 ? null : code.Get(shape with { Rows = 1 }, DepthwiseEmitter.Emit));

    private static (int Sum, int Absolute) Sum(ReadOnlySpan<sbyte> weights, int channel, int channels)
    {
        int sum = 0, absolute = 0;
        for (int i = channel; i < weights.Length; i += channels)
        {
            sum += weights[i];
            absolute += Math.Abs((int)weights[i]);
        }

        return (sum, absolute);
    }

    /// <summary>Neighbouring panels of one width, with the function for full items and that for the layer's single last row.</summary>
    private sealed record Segment(
        int FirstChannel, int Panels, DepthwisePanels Constants, AssembledFunction Rows, AssembledFunction? LastRow);
}
