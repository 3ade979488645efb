using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.MatMul;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Convolution;

/// <summary>Where a float32 convolution writes its result, and its residual.</summary>
/// <param name="Stride">Elements of the output from pixel to pixel.</param>
/// <param name="Offset">Elements of the output before the first pixel's.</param>
/// <param name="Add">Whether input 3 is added to the result, which is then clamped again.</param>
/// <param name="Low">Lowest value after the addition.</param>
/// <param name="High">Highest value after the addition.</param>
internal readonly record struct ConvDestination(int Stride, int Offset, bool Add, float Low, float High);

/// <summary>
/// float32 convolution, NHWC, grouped, of any kernel, stride, dilation and padding, as a matrix product whose left operand is
/// the input where it stands, or a block of its rows copied between their padding: the row of a window's patch is a few runs
/// of neighbouring elements. Each output is the sequential fused multiply-add over (ky, kx, channel) from the bias on.
/// Input 0: activations; output 0: the result.
/// </summary>
internal sealed unsafe class ConvF32Kernel : Kernel
{
    // A block's rows stay in the second-level cache while the weights stream past them.
    private const int BlockBytes = 256 * 1024;
    private const int MaxBlockPixels = 1024;
    private const int UnitPixels = 64;
    private const int EnoughUnits = 8;
    private const int MaxSegment = 256;

    private readonly Window2D _window;
    private readonly int _inputs;
    private readonly int _outputs;
    private readonly int _k;
    private readonly int _panelsPerGroup;
    private readonly bool _isPadded;
    private readonly int _pitch;
    private readonly int _blockRows;
    private readonly bool _isSharedByRows;
    private readonly int _unitRows;
    private readonly int _unitsPerImage;
    private readonly int _panels;
    private readonly PackedMatrixF32[] _weights;
    private readonly AlignedBuffer<GemmSegment> _segments;
    private readonly AlignedBuffer<float> _bias;
    private readonly float _low;
    private readonly float _high;
    private readonly ConvDestination _destination;

    /// <summary>The fastest kernel of a convolution; which it is depends on its shape and its zeros alone.</summary>
    /// <param name="window">Shape of the operation.</param>
    /// <param name="groups">Divides both channel counts.</param>
    /// <param name="weights">[OutputChannels, KernelHeight, KernelWidth, InputChannels / groups].</param>
    /// <param name="bias">[OutputChannels], or empty.</param>
    /// <param name="low">Lowest output of the fused activation, or −∞.</param>
    /// <param name="high">Highest output of the fused activation, or +∞.</param>
    /// <param name="tier">Vector width; the widest there is by default.</param>
    /// <param name="destination">Where the result goes; the output as a whole by default.</param>
    public static Kernel Create(
        Window2D window, int groups, ReadOnlySpan<float> weights, ReadOnlySpan<float> bias, float low, float high,
        SimdTier? tier = null, ConvDestination? destination = null)
    {
        if (destination is null && groups == 1 && window.IsPointwise && window.Batch * window.OutputHeight * window.OutputWidth == 1)
            return new GemvF32Kernel(window.InputChannels, window.OutputChannels, weights, bias, low, high, tier);
        ConvDestination place = destination ?? new ConvDestination(window.OutputChannels, 0, false, 0, 0);
        SimdTier width = tier ?? SimdTiers.Best;
        return ConvF32SparseKernel.IsFaster(window, groups, weights)
            ? new ConvF32SparseKernel(window, weights, bias, low, high, width, place)
            : new ConvF32Kernel(window, groups, weights, bias, low, high, width, place);
    }

    private ConvF32Kernel(
        Window2D window, int groups, ReadOnlySpan<float> weights, ReadOnlySpan<float> bias, float low, float high, SimdTier tier,
        ConvDestination destination)
    {
        // The pixels of a pointwise convolution are one long row, which can be cut anywhere.
        if (window.IsPointwise)
        {
            int pixels = window.Batch * window.OutputHeight * window.OutputWidth;
            window = window with { Batch = 1, InputHeight = pixels, InputWidth = 1, OutputHeight = pixels, OutputWidth = 1 };
        }

        _window = window;
        _inputs = window.InputChannels / groups;
        _outputs = window.OutputChannels / groups;
        _k = window.KernelHeight * window.KernelWidth * _inputs;
        _low = low;
        _high = high;
        _destination = destination;
        _weights = new PackedMatrixF32[groups];
        for (int group = 0; group < groups; group++)
        {
            _weights[group] = new PackedMatrixF32(
                weights.Slice(group * _outputs * _k, _outputs * _k), _k, _outputs, true, tier);
        }

        _bias = new AlignedBuffer<float>(window.OutputChannels);
        bias.CopyTo(_bias.Span);
        _panelsPerGroup = (_outputs + _weights[0].PanelWidth - 1) / _weights[0].PanelWidth;

        int reachDown = Reach(window.KernelHeight, window.DilationHeight), reachAcross = Reach(window.KernelWidth, window.DilationWidth);
        int paddedHeight = checked(((window.OutputHeight - 1) * window.StrideHeight) + reachDown);
        int paddedWidth = checked(((window.OutputWidth - 1) * window.StrideWidth) + reachAcross);
        _isPadded = window.PadTop > 0 || window.PadLeft > 0 || paddedHeight > window.InputHeight || paddedWidth > window.InputWidth;
        _pitch = checked((_isPadded ? paddedWidth : window.InputWidth) * window.InputChannels);
        _segments = Segments();
        // At least four tiles of rows, so that weights from afar are worth their way.
        int width = Math.Max(1, window.OutputWidth), least = Math.Max(1, 32 / width);
        long rows = ((BlockBytes / sizeof(float) / Math.Max(1, _pitch)) - reachDown) / window.StrideHeight;
        _blockRows = (int)Math.Clamp(rows, least, Math.Max(least, MaxBlockPixels / width));
        _blockRows = Math.Clamp(width == 1 && _blockRows > 8 ? _blockRows & -8 : _blockRows, 1, Math.Max(1, window.OutputHeight));

        // Threads share the rows where there are many, else the panels of weights.
        int unit = Math.Min(Math.Max(1, UnitPixels / width), _blockRows), units = (window.OutputHeight + unit - 1) / unit;
        _isSharedByRows = units * window.Batch >= Math.Min(EnoughUnits, groups * _panelsPerGroup + 1);
        _unitRows = _isSharedByRows ? unit : _blockRows;
        _unitsPerImage = (window.OutputHeight + _unitRows - 1) / _unitRows;
        _blockRows = _blockRows / _unitRows * _unitRows;
        _panels = groups * _panelsPerGroup;
    }

    public override int ScratchBytes => checked(
        (_window.IsPointwise ? 0 : _blockRows * _window.OutputWidth * sizeof(float*))
        + (_isPadded ? sizeof(float) * InputRows(_blockRows) * _pitch : 0));

    public override int Items => _window.Batch * _unitsPerImage * (_isSharedByRows ? 1 : _panels);

    public override long Work => (long)_window.Batch * _window.OutputHeight * _window.OutputWidth * _window.OutputChannels * _k;

    public override void Run(in KernelArguments args, int start, int end)
    {
        fixed (float* input = args.Input<float>(0), output = args.Output<float>(0))
        fixed (float* residual = _destination.Add ? args.Input<float>(3) : default)
        fixed (byte* scratch = args.Scratch<byte>())
        {
            float** rows = (float**)(scratch + (_isPadded ? sizeof(float) * InputRows(_blockRows) * _pitch : 0));
            while (start < end)
            {
                // Neighbouring items are computed as one block of rows, or of panels.
                int panels = _isSharedByRows ? 1 : _panels, unit = start / panels, first = unit % _unitsPerImage;
                int limit = _isSharedByRows ? Math.Min(_unitsPerImage - first, _blockRows / _unitRows) : panels - (start % panels);
                int count = Math.Min(end - start, limit), oy = first * _unitRows;
                (int Begin, int End) range = _isSharedByRows ? (0, _panels) : (start % panels, (start % panels) + count);
                int height = Math.Min((_isSharedByRows ? count : 1) * _unitRows, _window.OutputHeight - oy);
                Block(input, output, residual, (float*)scratch, rows, unit / _unitsPerImage, oy, height, range);
                start += count;
            }
        }
    }

    /// <summary>Computes panels of weights of some rows of an image.</summary>
    private void Block(
        float* input, float* output, float* residual, float* scratch, float** rows, int image, int oy, int count,
        (int Begin, int End) panels)
    {
        int top = (oy * _window.StrideHeight) - _window.PadTop;
        float* from = input + ((((nint)image * _window.InputHeight) + top) * _window.InputWidth * _window.InputChannels);
        if (_isPadded)
        {
            CopyRows(from, top, InputRows(count), scratch);
            from = scratch;
        }

        nint to = _destination.Offset + ((((nint)image * _window.OutputHeight) + oy) * _window.OutputWidth * _destination.Stride);
        for (int panel = panels.Begin; panel < panels.End;)
        {
            int group = panel / _panelsPerGroup, last = Math.Min(panels.End, (group + 1) * _panelsPerGroup);
            if (!_window.IsPointwise)
                Point(from + (group * _inputs), count, rows);
            Multiply(
                from + (group * _inputs), rows, output, residual, to + (group * _outputs), count * _window.OutputWidth, group,
                panel % _panelsPerGroup, last - (group * _panelsPerGroup));
            panel = last;
        }
    }

    private static int Reach(int kernel, int dilation) => checked(((kernel - 1) * dilation) + 1);

    private int InputRows(int outputRows) =>
        checked(((outputRows - 1) * _window.StrideHeight) + Reach(_window.KernelHeight, _window.DilationHeight));

    /// <summary>The runs of a patch: of whole rows of the window where its taps are neighbours, else of single taps.</summary>
    private AlignedBuffer<GemmSegment> Segments()
    {
        bool runs = _inputs == _window.InputChannels && _window.DilationWidth == 1;
        int length = runs ? _window.KernelWidth * _inputs : _inputs;
        var segments = new List<GemmSegment>();
        for (int tap = 0; tap < _window.KernelHeight * _window.KernelWidth; tap += runs ? _window.KernelWidth : 1)
        {
            nint offset = ((nint)(tap / _window.KernelWidth) * _window.DilationHeight * _pitch)
                + ((nint)(tap % _window.KernelWidth) * _window.DilationWidth * _window.InputChannels);
            int parts = (length + MaxSegment - 1) / MaxSegment;
            for (int part = 0; part < parts; part++)
            {
                int begin = (int)((long)length * part / parts), end = (int)((long)length * (part + 1) / parts);
                segments.Add(new GemmSegment(offset + begin, end - begin));
            }
        }

        var buffer = new AlignedBuffer<GemmSegment>(segments.Count);
        segments.ToArray().CopyTo(buffer.Span);
        return buffer;
    }

    /// <summary>Copies rows of the input from row <paramref name="top"/> on, between their padding.</summary>
    private void CopyRows(float* from, int top, int count, float* target)
    {
        int length = _window.InputWidth * _window.InputChannels, left = _window.PadLeft * _window.InputChannels;
        int copied = Math.Min(length, _pitch - left);
        for (int y = 0; y < count; y++, from += length, target += _pitch)
        {
            var row = new Span<float>(target, _pitch);
            if ((uint)(top + y) >= (uint)_window.InputHeight || copied <= 0)
            {
                row.Clear();
                continue;
            }

            row[..left].Clear();
            new Span<float>(from, copied).CopyTo(row[left..]);
            row[(left + copied)..].Clear();
        }
    }

    /// <summary>Points at the first element of each window.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Point(float* from, int count, float** rows)
    {
        nint step = (nint)_window.StrideWidth * _window.InputChannels, rowStep = (nint)_window.StrideHeight * _pitch;
        int width = _window.OutputWidth;
        for (int y = 0; y < count; y++, from += rowStep)
        {
            float* pixel = from;
            for (int x = 0; x < width; x++, pixel += step)
                *rows++ = pixel;
        }
    }

    private void Multiply(
        float* from, float** rows, float* output, float* residual, nint to, int pixels, int group, int panelBegin, int panelEnd)
    {
        PackedMatrixF32 weights = _weights[group];
        var operands = new GemmOperands
        {
            K = _k,
            A = from,
            RowStride = _window.InputChannels,
            ColumnStride = 1,
            C = output + to,
            CStride = _destination.Stride,
            Rows = _window.IsPointwise ? null : rows,
            Segments = _window.IsPointwise ? null : _segments.Pointer,
        };
        var epilogue = new GemmEpilogue
        {
            ColumnBias = _bias.Pointer + (group * _outputs),
            Low = _low,
            High = _high,
            Residual = residual == null ? null : residual + to,
            ResidualLow = _destination.Low,
            ResidualHigh = _destination.High,
        };
        GemmF32.Run(
            weights.Tier, operands, epilogue, weights.Source, 0, pixels, panelBegin * weights.PanelWidth,
            Math.Min(_outputs, panelEnd * weights.PanelWidth));
    }
}
