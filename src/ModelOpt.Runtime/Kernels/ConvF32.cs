using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Kernels.Simd;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// float32 convolution, NHWC, grouped, of any kernel, stride, dilation and padding, as a matrix product over the patches of a
/// block of rows; a pointwise convolution multiplies its input where it stands. Each output is the sequential fused
/// multiply-add over (ky, kx, channel) from the bias on. Input 0: activations; output 0: the result.
/// </summary>
internal sealed unsafe class ConvF32 : Kernel
{
    // A block of prepared rows stays in the second-level cache while the weights stream past it; at least 4 tiles of rows, so
    // that weights which come from further away are worth their way.
    private const int BlockBytes = 96 * 1024;
    private const int TileRows = 6;

    private readonly Window2D _window;
    private readonly int _inputs;
    private readonly int _outputs;
    private readonly int _k;
    private readonly int _panelWidth;
    private readonly int _panelsPerGroup;
    private readonly bool _inPlace;
    private readonly SimdTier _tier;
    private readonly PackedMatrixF32[] _weights;
    private readonly AlignedBuffer<float> _bias;
    private readonly float _low;
    private readonly float _high;
    private readonly TileGrid _grid;

    /// <param name="window">Shape of the operation.</param>
    /// <param name="groups">Divides both channel counts.</param>
    /// <param name="weights">[OutputChannels, KernelHeight, KernelWidth, InputChannels / groups].</param>
    /// <param name="bias">[OutputChannels], or empty.</param>
    /// <param name="low">Lowest output of the fused activation, or −∞.</param>
    /// <param name="high">Highest output of the fused activation, or +∞.</param>
    /// <param name="tier">Vector width; the widest there is by default.</param>
    public ConvF32(
        Window2D window, int groups, ReadOnlySpan<float> weights, ReadOnlySpan<float> bias, float low, float high,
        SimdTier? tier = null)
    {
        _window = window;
        _inputs = window.InputChannels / groups;
        _outputs = window.OutputChannels / groups;
        _tier = SimdTiers.ForColumns(tier ?? SimdTiers.Best, _outputs);
        _k = window.KernelHeight * window.KernelWidth * _inputs;
        _low = low;
        _high = high;
        _panelWidth = GemmF32.PanelWidth(_tier);
        _panelsPerGroup = (_outputs + _panelWidth - 1) / _panelWidth;
        _weights = new PackedMatrixF32[groups];
        for (int group = 0; group < groups; group++)
            _weights[group] = new PackedMatrixF32(weights.Slice(group * _outputs * _k, _outputs * _k), _k, _outputs, true, _tier);
        _bias = new AlignedBuffer<float>(window.OutputChannels);
        bias.CopyTo(_bias.Span);
        _inPlace = window.IsPointwise;
        int rowsPerBlock = Math.Clamp(BlockBytes / (sizeof(float) * _k) / TileRows, 4, 16) * TileRows;
        _grid = new TileGrid(
            window.Batch * window.OutputHeight * window.OutputWidth, rowsPerBlock, groups * _panelsPerGroup);
    }

    public override int ScratchBytes => _inPlace ? 0 : checked(sizeof(float) * _grid.RowsPerBlock * _k);

    public override int Items => _grid.Items;

    public override long Work => (long)_grid.Rows * _window.OutputChannels * _k;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(in KernelArguments args, int start, int end)
    {
        fixed (float* input = args.Input<float>(0), output = args.Output<float>(0))
        fixed (float* scratch = args.Scratch<float>())
        {
            (int Row, int Group) prepared = (-1, -1);
            for (int item = start; item < end; item++)
            {
                (int rowBegin, int rowEnd) = _grid.RowRange(item);
                (int panelBegin, int panelEnd) = _grid.PanelRange(item);
                for (int panel = panelBegin; panel < panelEnd;)
                {
                    int group = panel / _panelsPerGroup, last = Math.Min(panelEnd, (group + 1) * _panelsPerGroup);
                    float* rows = input + ((nint)rowBegin * _window.InputChannels) + (group * _inputs);
                    if (!_inPlace)
                    {
                        rows = scratch;
                        if (prepared != (rowBegin, group))
                        {
                            PatchRows.Gather<FloatCopy, float, float>(
                                _window, _inputs, input + (group * _inputs), rowBegin, rowEnd, default, rows, _k);
                        }

                        prepared = (rowBegin, group);
                    }

                    Multiply(rows, output, rowBegin, rowEnd, group, panel % _panelsPerGroup, last - (group * _panelsPerGroup));
                    panel = last;
                }
            }
        }
    }

    private void Multiply(float* rows, float* output, int rowBegin, int rowEnd, int group, int panelBegin, int panelEnd)
    {
        var operands = new GemmOperands
        {
            K = _k,
            A = rows,
            RowStride = _inPlace ? _window.InputChannels : _k,
            ColumnStride = 1,
            C = output + ((nint)rowBegin * _window.OutputChannels) + (group * _outputs),
            CStride = _window.OutputChannels,
        };
        var epilogue = new GemmEpilogue { ColumnBias = _bias.Pointer + (group * _outputs), Low = _low, High = _high };
        GemmF32.Run(
            _tier, operands, epilogue, _weights[group].Source, 0, rowEnd - rowBegin, panelBegin * _panelWidth,
            Math.Min(_outputs, panelEnd * _panelWidth));
    }
}
