using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.MatMul;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Convolution;

/// <summary>
/// 8-bit convolution, NHWC, grouped, of any kernel, stride, dilation and padding, as a matrix product: rows are output
/// pixels, columns output channels, k runs over (ky, kx, channel). Patches are gathered a block of rows at a time, in the form
/// that the micro-kernel multiplies; where rows of bytes lie in the input as needed, they are read there. Padding is the zero point;
/// bytes after the last element of a row meet zero weights. Pairs have their zero point subtracted. Quads do not: their sums start at
/// bias − z·Σw.
/// Input 0: activations; output 0: the result.
/// </summary>
internal sealed unsafe class ConvInt8Kernel : Kernel
{
    // A block of prepared rows stays in the second-level cache while the weights stream past it; at least 4 tiles of rows, so
    // that weights which come from further away are worth their way.
    private const int BlockBytes = 96 * 1024;

    private readonly Window2D _window;
    private readonly int _inputs;
    private readonly int _outputs;
    private readonly int _k;
    private readonly int _lanes;
    private readonly Int8Form _form;
    private readonly WideningCopy _pairs;
    private readonly FlippingCopy _quads;
    private readonly bool _inPlace;
    private readonly Int8MicroKernel _kernel;
    private readonly PackedWeightsInt8 _weights;
    private readonly Requantizer _requantizer;
    private readonly TileGrid _grid;

    /// <param name="window">Shape of the operation.</param>
    /// <param name="groups">Divides both channel counts.</param>
    /// <param name="quantization">Scales, zero points, output clamp.</param>
    /// <param name="weights">
    /// [OutputChannels, KernelHeight, KernelWidth, InputChannels / groups], of the activations' type.
    /// </param>
    /// <param name="bias">[OutputChannels] at scale s_x·s_w, or empty.</param>
    /// <param name="unsigned">Activations, weights and output are uint8 instead of int8.</param>
    /// <param name="tier">Vector width; the fastest there is by default.</param>
    /// <param name="form">Form of the operands, if the weights allow it; the fastest there is by default.</param>
    public ConvInt8Kernel(
        Window2D window, int groups, LayerQuantization quantization, ReadOnlySpan<byte> weights, ReadOnlySpan<int> bias,
        bool unsigned, SimdTier? tier = null, Int8Form? form = null)
    {
        _window = window;
        _inputs = window.InputChannels / groups;
        _outputs = window.OutputChannels / groups;
        _k = window.KernelHeight * window.KernelWidth * _inputs;
        _form = form ?? Int8Forms.Best;
        if (_form != Int8Form.Pairs)
        {
            if (ConvInt8AssembledKernel.TryCenter(weights, quantization.WeightZeroPoint, unsigned, out ReadOnlySpan<sbyte> centered))
                bias = QuadStarts(quantization.InputZeroPoint + Offset(_form, unsigned), centered, bias);
            else
                _form = Int8Form.Pairs;
        }

        SimdTier chosen = SimdTiers.ForColumns(tier ?? _form.WidestTier(), _outputs);
        bool flip = Offset(_form, unsigned) != 0;
        _pairs = new WideningCopy(quantization.InputZeroPoint, unsigned);
        _quads = new FlippingCopy(quantization.InputZeroPoint, flip);
        _inPlace = _form != Int8Form.Pairs && !flip && window.IsPointwise && groups == 1 && _k % 4 == 0;
        _kernel = Int8MicroKernel.For(chosen, _form);
        _weights = new PackedWeightsInt8(
            _form, _kernel.PanelWidth, weights, groups, _outputs, _k, quantization.WeightZeroPoint, unsigned);
        int stride = _weights.PanelsPerGroup * _kernel.PanelWidth;
        _requantizer = new Requantizer(quantization, bias, groups, _outputs, stride, chosen);
        _lanes = _form.Lanes(_k);
        int rows = window.Batch * window.OutputHeight * window.OutputWidth;
        int rowsPerBlock = Math.Clamp(BlockBytes / (4 * _lanes) / Int8MicroKernel.TileRows, 4, 16) * Int8MicroKernel.TileRows;
        _grid = new TileGrid(rows, rowsPerBlock, groups * _weights.PanelsPerGroup);
    }

    /// <summary>The fastest kernel for these operands: assembled where <paramref name="code"/> is given.</summary>
    public static Kernel Create(
        Window2D window, int groups, LayerQuantization quantization, ReadOnlySpan<byte> weights, ReadOnlySpan<int> bias,
        bool unsigned, AssembledCode? code) =>
        code is not null && ConvInt8AssembledKernel.TryCenter(
        weights, quantization.WeightZeroPoint, unsigned, out ReadOnlySpan<sbyte> centered)
            ? Assemble(window, groups, quantization, centered, bias, unsigned, code)
            : new ConvInt8Kernel(window, groups, quantization, weights, bias, unsigned);

    /// <summary>The faster of the assembled kernels.</summary>
    /// <inheritdoc cref="ConvInt8AssembledKernel(Window2D, int, LayerQuantization, ReadOnlySpan{sbyte},
    /// ReadOnlySpan{int}, bool, AssembledCode, ResidualAdd?, ChannelPlace?)"/>
    public static Kernel Assemble(
        Window2D window, int groups, LayerQuantization quantization, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias, bool unsigned,
        AssembledCode code, ResidualAdd? residual = null, ChannelPlace? place = null)
    {
        Kernel? sparse = window.IsPointwise && window.Batch * window.OutputHeight * window.OutputWidth == 1 && groups == 1
            && residual is null
            ? GemvInt8SparseKernel.TryCreate(
            window.InputChannels, window.OutputChannels, quantization, weights, bias, unsigned, code, place?.First ?? 0)
            : ConvInt8SparseKernel.TryCreate(window, groups, quantization, weights, bias, unsigned, code, residual, place);
        return sparse ?? new ConvInt8AssembledKernel(window, groups, quantization, weights, bias, unsigned, code, residual, place);
    }

    public override int ScratchBytes =>
        checked(sizeof(int) * ((_inPlace ? 0 : _grid.RowsPerBlock * _lanes) + (Int8MicroKernel.TileRows * _kernel.PanelWidth) + 16));

    public override int Items => _grid.Items;

    public override long Work => (long)_grid.Rows * _window.OutputChannels * _k;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
                        if (_inPlace)
                            rows = (int*)(input + ((nint)rowBegin * _k));
                        else
                            Gather(input + (group * _inputs), rowBegin, rowEnd, rows);
                        prepared = (rowBegin, group);
                    }

                    Multiply(rows, tile, output, rowBegin, rowEnd, group, panel % _weights.PanelsPerGroup);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Multiply(int* rows, int* tile, byte* output, int rowBegin, int rowEnd, int group, int panel)
    {
        int width = _kernel.PanelWidth;
        int column = panel * width, columns = Math.Min(width, _outputs - column);
        int padded = (((group * _weights.PanelsPerGroup) + panel) * width);
        int* weights = _weights.Panel(group, panel);
        for (int row = rowBegin; row < rowEnd; row += Int8MicroKernel.TileRows)
        {
            int count = Math.Min(Int8MicroKernel.TileRows, rowEnd - row);
            int* a = rows + ((nint)(row - rowBegin) * _lanes);
            _kernel.Multiply(_lanes, count, a, _lanes, weights, _requantizer.Starts + padded, tile);
            byte* target = output + ((nint)row * _window.OutputChannels) + (group * _outputs) + column;
            _requantizer.Apply(tile, width, padded, target, _window.OutputChannels, count, columns);
        }
    }

    private void Gather(byte* input, int begin, int end, int* rows)
    {
        if (_form == Int8Form.Pairs)
            PatchRows.Gather(_window, _inputs, input, begin, end, _pairs, (short*)rows, 2 * _lanes);
        else
            PatchRows.Gather(_window, _inputs, input, begin, end, _quads, (byte*)rows, 4 * _lanes);
    }

    /// <summary>Added to activations to convert between int8 and uint8 for a form.</summary>
    private static int Offset(Int8Form form, bool unsigned) => form switch
    {
        Int8Form.UnsignedQuads when !unsigned => 128,
        Int8Form.SignedQuads when unsigned => -128,
        _ => 0,
    };

    private int[] QuadStarts(int zeroPoint, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias)
    {
        var starts = new int[_window.OutputChannels];
        for (int channel = 0; channel < starts.Length; channel++)
        {
            int sum = Int8Rows.Sums(weights.Slice(channel * _k, _k)).Sum;
            starts[channel] = unchecked((bias.IsEmpty ? 0 : bias[channel]) - (zeroPoint * sum));
        }

        return starts;
    }
}
