using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Kernels.Simd;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// 8-bit convolution, NHWC, grouped, of any kernel, stride, dilation and padding, as a matrix product: rows are output
/// pixels, columns output channels, k runs over (ky, kx, channel). Patches are gathered and widened a block of rows at a time;
/// padding is the zero point, hence 0 after its subtraction. An odd last element of a row meets a zero weight.
/// Input 0: activations; output 0: the result.
/// </summary>
internal sealed unsafe class ConvInt8 : Kernel
{
    // A block of prepared rows stays in the second-level cache while the weights stream past it; at least 4 tiles of rows, so
    // that weights which come from further away are worth their way.
    private const int BlockBytes = 96 * 1024;

    private readonly Window2D _window;
    private readonly int _inputs;
    private readonly int _outputs;
    private readonly int _k;
    private readonly int _rowPairs;
    private readonly WideningCopy _copy;
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
    /// <param name="tier">Vector width; the widest there is by default.</param>
    public ConvInt8(
        Window2D window, int groups, LayerQuantization quantization, ReadOnlySpan<byte> weights, ReadOnlySpan<int> bias,
        bool unsigned, SimdTier? tier = null)
    {
        _window = window;
        _inputs = window.InputChannels / groups;
        _outputs = window.OutputChannels / groups;
        SimdTier chosen = SimdTiers.ForColumns(tier ?? SimdTiers.Best, _outputs);
        _k = window.KernelHeight * window.KernelWidth * _inputs;
        _copy = new WideningCopy(quantization.InputZeroPoint, unsigned);
        _kernel = Int8MicroKernel.For(chosen);
        _weights = new PackedWeightsInt8(_kernel, weights, groups, _outputs, _k, quantization.WeightZeroPoint, unsigned);
        int stride = _weights.PanelsPerGroup * _kernel.PanelWidth;
        _requantizer = new Requantizer(quantization, bias, groups, _outputs, stride, chosen);
        _rowPairs = Int8MicroKernel.Pairs(_k);
        int rows = window.Batch * window.OutputHeight * window.OutputWidth;
        int rowsPerBlock = Math.Clamp(BlockBytes / (4 * _rowPairs) / Int8MicroKernel.TileRows, 4, 16) * Int8MicroKernel.TileRows;
        _grid = new TileGrid(rows, rowsPerBlock, groups * _weights.PanelsPerGroup);
    }

    /// <summary>The fastest kernel for these operands: assembled where <paramref name="code"/> is given.</summary>
    public static Kernel Create(
        Window2D window, int groups, LayerQuantization quantization, ReadOnlySpan<byte> weights, ReadOnlySpan<int> bias,
        bool unsigned, AssembledCode? code) =>
        code is not null && ConvInt8Assembled.TryCenter(weights, quantization.WeightZeroPoint, unsigned, out ReadOnlySpan<sbyte> centered)
            ? new ConvInt8Assembled(window, groups, quantization, centered, bias, unsigned, code)
            : new ConvInt8(window, groups, quantization, weights, bias, unsigned);

    public override int ScratchBytes =>
        checked(sizeof(int) * ((_grid.RowsPerBlock * _rowPairs) + (Int8MicroKernel.TileRows * _kernel.PanelWidth) + 16));

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
                        PatchRows.Gather<WideningCopy, byte, short>(
                            _window, _inputs, input + (group * _inputs), rowBegin, rowEnd, _copy, (short*)rows, 2 * _rowPairs);
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
            int* a = rows + ((nint)(row - rowBegin) * _rowPairs);
            _kernel.Multiply(_rowPairs, count, a, _rowPairs, weights, _requantizer.Starts + padded, tile);
            byte* target = output + ((nint)row * _window.OutputChannels) + (group * _outputs) + column;
            _requantizer.Apply(tile, width, padded, target, _window.OutputChannels, count, columns);
        }
    }
}
