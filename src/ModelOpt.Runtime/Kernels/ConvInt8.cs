using ModelOpt.Runtime.Kernels.Simd;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// 8-bit convolution, NHWC, grouped, of any kernel, stride, dilation and padding, as a matrix product: rows are output
/// pixels, columns output channels, k runs over (ky, kx, channel). Patches are gathered and widened a block of rows at a time;
/// padding is the zero point, hence 0 after its subtraction. Input 0: activations; output 0: the result.
/// </summary>
internal sealed unsafe class ConvInt8 : Kernel
{
    private const int BlockBytes = 96 * 1024;

    private readonly Window2D _window;
    private readonly int _groups;
    private readonly int _inputs;
    private readonly int _outputs;
    private readonly int _k;
    private readonly int _rowPairs;
    private readonly bool _unsigned;
    private readonly int _inputZeroPoint;
    private readonly Int8MicroKernel _kernel;
    private readonly PackedWeightsInt8 _weights;
    private readonly Requantizer _requantizer;
    private readonly TileGrid _grid;

    /// <param name="window">Shape of the operation.</param>
    /// <param name="groups">Divides both channel counts.</param>
    /// <param name="quantization">Scales, zero points, output clamp.</param>
    /// <param name="weights">[OutputChannels, KernelHeight, KernelWidth, InputChannels / groups], of the activations' type.</param>
    /// <param name="bias">[OutputChannels] at scale s_x·s_w, or empty.</param>
    /// <param name="unsigned">Activations, weights and output are uint8 instead of int8.</param>
    /// <param name="tier">Vector width; the widest there is by default.</param>
    public ConvInt8(
        Window2D window, int groups, LayerQuantization quantization, ReadOnlySpan<byte> weights, ReadOnlySpan<int> bias,
        bool unsigned, SimdTier? tier = null)
    {
        SimdTier chosen = tier ?? SimdTiers.Best;
        _window = window;
        _groups = groups;
        _inputs = window.InputChannels / groups;
        _outputs = window.OutputChannels / groups;
        _k = window.KernelHeight * window.KernelWidth * _inputs;
        _unsigned = unsigned;
        _inputZeroPoint = quantization.InputZeroPoint;
        _kernel = Int8MicroKernel.For(chosen);
        _weights = new PackedWeightsInt8(_kernel, weights, groups, _outputs, _k, quantization.WeightZeroPoint, unsigned);
        int stride = _weights.PanelsPerGroup * _kernel.PanelWidth;
        _requantizer = new Requantizer(quantization, bias, groups, _outputs, stride, chosen);
        _rowPairs = Int8MicroKernel.Pairs(_k);
        int rows = window.Batch * window.OutputHeight * window.OutputWidth;
        int rowsPerBlock = Math.Clamp(BlockBytes / (4 * _rowPairs) / Int8MicroKernel.TileRows, 1, 16) * Int8MicroKernel.TileRows;
        _grid = new TileGrid(rows, rowsPerBlock, groups * _weights.PanelsPerGroup);
    }

    public override int ScratchBytes =>
        sizeof(int) * ((_grid.RowsPerBlock * _rowPairs) + (Int8MicroKernel.TileRows * _kernel.PanelWidth) + 16);

    public override int Items => _grid.Items;

    public override long Work => (long)_grid.Rows * _window.OutputChannels * _k;

    public override void Run(in KernelArguments args, int start, int end)
    {
        fixed (byte* input = args.Input<byte>(0), output = args.Output<byte>(0))
        fixed (int* scratch = args.Scratch<int>())
        {
            int* tile = scratch;
            int* rows = scratch + (Int8MicroKernel.TileRows * _kernel.PanelWidth);
            (int Row, int Group) prepared = (-1, -1);
            for (int item = start; item < end; item++)
            {
                (int rowBegin, int rowEnd) = _grid.RowRange(item);
                (int panelBegin, int panelEnd) = _grid.PanelRange(item);
                for (int panel = panelBegin; panel < panelEnd; panel++)
                {
                    int group = panel / _weights.PanelsPerGroup;
                    if (prepared != (rowBegin, group))
                    {
                        GatherRows(input + (group * _inputs), rowBegin, rowEnd, (short*)rows);
                        prepared = (rowBegin, group);
                    }

                    Multiply(rows, tile, output, rowBegin, rowEnd, group, panel % _weights.PanelsPerGroup);
                }
            }
        }
    }

    private void Multiply(int* rows, int* tile, byte* output, int rowBegin, int rowEnd, int group, int panel)
    {
        int width = _kernel.PanelWidth;
        int column = panel * width, columns = Math.Min(width, _outputs - column);
        int padded = (((group * _weights.PanelsPerGroup) + panel) * width);
        int* weights = _weights.Panel(group, panel);
        for (int row = rowBegin; row < rowEnd; row += Int8MicroKernel.TileRows)
        {
            int count = Math.Min(Int8MicroKernel.TileRows, rowEnd - row);
            int* a = rows + ((nint)(row - rowBegin) * _rowPairs);
            _kernel.Multiply(_rowPairs, count, a, _rowPairs, weights, _requantizer.Starts + padded, tile);
            byte* target = output + ((nint)row * _window.OutputChannels) + (group * _outputs) + column;
            _requantizer.Apply(tile, width, padded, target, _window.OutputChannels, count, columns);
        }
    }

    /// <summary>The patches of output pixels [begin, end), each in whole pairs.</summary>
    private void GatherRows(byte* input, int begin, int end, short* target)
    {
        Window2D w = _window;
        bool wholeTaps = _groups == 1 && w.DilationWidth == 1;
        int ox = begin % w.OutputWidth, oy = begin / w.OutputWidth % w.OutputHeight;
        int image = begin / (w.OutputWidth * w.OutputHeight);
        for (int row = begin; row < end; row++)
        {
            short* to = target;
            for (int ky = 0; ky < w.KernelHeight; ky++)
            {
                int iy = (oy * w.StrideHeight) - w.PadTop + (ky * w.DilationHeight);
                int left = (ox * w.StrideWidth) - w.PadLeft;
                if ((uint)iy >= (uint)w.InputHeight)
                    new Span<short>(to, w.KernelWidth * _inputs).Clear();
                else if (wholeTaps)
                    GatherTaps(input + ((((nint)image * w.InputHeight) + iy) * w.InputWidth * w.InputChannels), left, to);
                else
                    GatherTapByTap(input + ((((nint)image * w.InputHeight) + iy) * w.InputWidth * w.InputChannels), left, to);
                to += w.KernelWidth * _inputs;
            }

            // An odd last element meets a zero weight; its value does not matter, but it is kept defined.
            if (_k % 2 != 0)
                *to = 0;
            target += 2 * _rowPairs;
            if (++ox == w.OutputWidth)
            {
                ox = 0;
                if (++oy == w.OutputHeight)
                {
                    oy = 0;
                    image++;
                }
            }
        }
    }

    /// <summary>Neighbouring taps of one input row are one run of bytes.</summary>
    private void GatherTaps(byte* row, int left, short* to)
    {
        int taps = _window.KernelWidth, channels = _inputs;
        int begin = Math.Clamp(-left, 0, taps), end = Math.Clamp(_window.InputWidth - left, begin, taps);
        if (begin > 0)
            new Span<short>(to, begin * channels).Clear();
        Int8Rows.Widen(
            row + ((nint)(left + begin) * channels), (end - begin) * channels, _inputZeroPoint, _unsigned, to + (begin * channels));
        if (end < taps)
            new Span<short>(to + (end * channels), (taps - end) * channels).Clear();
    }

    private void GatherTapByTap(byte* row, int left, short* to)
    {
        for (int kx = 0; kx < _window.KernelWidth; kx++, to += _inputs)
        {
            int ix = left + (kx * _window.DilationWidth);
            if ((uint)ix < (uint)_window.InputWidth)
                Int8Rows.Widen(row + ((nint)ix * _window.InputChannels), _inputs, _inputZeroPoint, _unsigned, to);
            else
                new Span<short>(to, _inputs).Clear();
        }
    }
}
