using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Convolution;

/// <summary>
/// 8-bit convolution, NHWC, grouped, of any kernel, stride, dilation and padding, of weights with many zeros, by assembled tiles.
/// It skips blocks of four input channels that are all zero; any pattern of zeros has some, 1x4 has all its zeros in them.
/// The patches of a tile of output pixels are transposed into scratch memory, so that registers hold pixels and a block
/// of weights serves all of them; results are transposed back. The bits are those of <see cref="ConvInt8AssembledKernel"/>.
/// Input 0: activations; input 3: the residual, if any; output 0: the result.
/// </summary>
internal sealed unsafe class ConvInt8SparseKernel : Kernel
{
    // Estimates are off by about a tenth.
    private const double Margin = 0.9;

    // In a cycle, with a border.
    private const int CopiedBytes = 32;

    // Tiles that need more scratch memory than this leave the second-level cache, and files could ask for any amount.
    private const long MaxScratchBytes = 2 << 20;

    // Input, weights, bias, then the residual.
    private const int ResidualInput = 3;

    private readonly Window2D _window;
    private readonly ChannelPlace _place;
    private readonly ResidualAdd? _residual;
    private readonly byte _flip;
    private readonly bool _wide;
    private readonly int _quads;
    private readonly int _patchBytes;
    private readonly int _rowBytes;
    private readonly int _pixelBytes;
    private readonly int _patchesBytes;
    private readonly int _borderBytes;
    private readonly BorderedTile _borders;
    private readonly SparseTiling _tiling;
    private readonly Tile[] _tiles;
    private readonly SparseBlocks _blocks;
    private readonly Int8EpilogueConstants _constants;

    /// <param name="window">Shape of the operation.</param>
    /// <param name="groups">Divides both channel counts; 1 unless the input channels of a group are a multiple of 4.</param>
    /// <param name="quantization">Scales, zero points, output clamp.</param>
    /// <param name="weights">[OutputChannels, KernelHeight, KernelWidth, InputChannels / groups], less their zero point.</param>
    /// <param name="bias">[OutputChannels] at scale s_x·s_w, or empty.</param>
    /// <param name="unsigned">Activations and output are uint8 instead of int8.</param>
    /// <param name="code">Receives the assembled functions.</param>
    /// <param name="residual">An ADD of the kernel's last input, of the output's shape, to the result; int8 only, and not with a
    /// place.</param>
    /// <param name="place">Where the result lies among others that share its pixels; without them by default.</param>
    /// <param name="tiling">The division into tiles; the cheapest by default.</param>
    public ConvInt8SparseKernel(
        Window2D window, int groups, LayerQuantization quantization, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias, bool unsigned,
        AssembledCode code, ResidualAdd? residual = null, ChannelPlace? place = null, SparseTiling? tiling = null)
    {
        _window = window;
        _place = place ?? new ChannelPlace(window.OutputChannels, 0);
        _residual = residual;
        _flip = unsigned ? (byte)0 : (byte)0x80;
        _quads = (window.InputChannels + 3) / 4;
        SparseWork work = Shares(code.Target, window, groups, weights);
        _tiling = tiling ?? SparseTiling.Choose(code.Target, PixelCount, code.Threads, work);
        _wide = code.Target.Width == VectorWidth.Bits512;
        _patchBytes = code.Target.Bytes * _tiling.Longest;
        _rowBytes = ((code.Target.Lanes * _tiling.Longest) + 15) & ~15;
        _pixelBytes = (window.InputChannels + 15) / 16 * 16;
        _patchesBytes = checked(work.Patches * _patchBytes);

        var layer = LayerSums.Create(quantization, weights, bias, window.OutputChannels, unsigned);
        Int8Epilogue epilogue = Int8Epilogue.For(quantization, unsigned, layer.Fit, null);
        _constants = new Int8EpilogueConstants(quantization, null);
        _blocks = new SparseBlocks(
            SparseBlocks.Product(code.Target), weights, window.InputChannels / groups, groups, layer.Starts, layer.Multipliers, _patchBytes,
            _rowBytes);
        // Tiles have one of three layouts: that of the first, that with a register more, and the last one's.
        PanelLayout shortest = new(_tiling.Registers / _tiling.Tiles, false, code.Target.Lanes);
        PanelLayout[] layouts = [shortest, shortest with { Vectors = _tiling.Longest }, _tiling.Layout(_tiling.Tiles - 1)];
        _tiles = new Tile[layouts.Length];
        for (int i = 0; i < layouts.Length; i++)
            _tiles[i] = new Tile(layouts[i], Groups(layouts[i]),
                code.Get(new SparseTileShape(layouts[i], epilogue), SparseTileEmitter.Emit));

        // Rows of results are read 16 channels at a time. Pointwise input that can't be read whole is copied, pixel by pixel.
        _borders = Borders(window, _tiling, quantization, unsigned);
        _borderBytes = checked((int)(window.IsPointwise ? 16 * _pixelBytes : _borders.Bytes));
        ScratchBytes = checked(_patchesBytes + ((window.OutputChannels + 15) / 16 * 16 * _rowBytes) + _borderBytes);
        Work = (long)PixelCount * 4 * (work.Blocks + work.Patches + work.Channels);
    }

    public override int ScratchBytes { get; }

    public override int Items => _tiling.Tiles;

    public override long Work { get; }

    public override int WorkAtOnce => 4;

    /// <summary>The kernel, where it is estimated to be faster than the one that multiplies all weights; null otherwise.</summary>
    /// <inheritdoc cref="ConvInt8SparseKernel(Window2D, int, LayerQuantization, ReadOnlySpan{sbyte},
    /// ReadOnlySpan{int}, bool, AssembledCode, ResidualAdd?, ChannelPlace?, SparseTiling?)"/>
    public static ConvInt8SparseKernel? TryCreate(
        Window2D window, int groups, LayerQuantization quantization, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias, bool unsigned,
        AssembledCode code, ResidualAdd? residual = null, ChannelPlace? place = null)
    {
        if (groups > 1 && window.InputChannels / groups % 4 != 0)
            return null;
        SparseWork work = Shares(code.Target, window, groups, weights);
        // Panels of weights leave registers unfilled where groups are narrow; then it may pay without a zero. So it may where
        // products are in pieces: fewer blocks are split here.
        if (groups == 1 && code.Target.HasDot && work.Blocks > (long)work.Patches * work.Channels * Margin)
            return null;
        SparseTiling tiling = SparseTiling.Choose(code.Target, Pixels(window), code.Threads, work);
        long borders = window.IsPointwise ? 0 : Borders(window, tiling, quantization, unsigned).Bytes;
        return code.Target.Lanes * (((4L * work.Patches) + work.Channels) * tiling.Longest) + borders <= MaxScratchBytes
            && tiling.Cycles(work) + ((double)tiling.Tiles * borders / CopiedBytes)
            < Margin * DenseCycles(code.Target, window, groups, weights)
            ? new ConvInt8SparseKernel(window, groups, quantization, weights, bias, unsigned, code, residual, place, tiling)
            : null;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<byte> all = args.Input<byte>(0);
        fixed (byte* input = all, output = args.Output<byte>(0), scratch = args.Scratch<byte>())
        fixed (byte* other = _residual is null ? default : args.Input<byte>(ResidualInput))
        {
            byte* rows = scratch + _patchesBytes, copy = scratch + ScratchBytes - _borderBytes;
            SparseTileArguments arguments;
            for (int item = start; item < end; item++)
            {
                PanelLayout layout = _tiling.Layout(item);
                Tile tile = _tiles[item == _tiling.Tiles - 1 ? 2 : layout.Vectors - _tiles[0].Layout.Vectors];
                int first = _tiling.Pixel(item);
                Gather(input, input + all.Length, tile, first, copy, scratch);
                arguments.Patches = scratch;
                arguments.Blocks = _blocks.Blocks;
                arguments.Channels = _blocks.ChannelTable;
                arguments.Rows = rows;
                arguments.Constants = _constants.Pointer;
                arguments.ChannelsLeft = _blocks.Channels;
                tile.Function.Call(&arguments);
                int count = Math.Min(layout.Channels, PixelCount - first);
                Scatter(rows, first, count, output + _place.First);
                nint at = (nint)first * _window.OutputChannels;
                _residual?.Apply(output + at, other + at, (nint)count * _window.OutputChannels);
            }
        }
    }

    /// <summary>Writes the input bytes under the windows of a tile: [tap, quad of channels, pixel, 4].</summary>
    /// <param name="input">The images.</param>
    /// <param name="end">Where the input ends.</param>
    /// <param name="tile">Order of the pixels; those beyond the last one have the bytes of any.</param>
    /// <param name="first">First pixel.</param>
    /// <param name="copy">Receives the input with a border; of a pointwise operation, pixels that can't be read whole.</param>
    /// <param name="target">Receives the patches.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gather(byte* input, byte* end, Tile tile, int first, byte* copy, byte* target)
    {
        int count = Math.Min(tile.Layout.Channels, PixelCount - first), quads = _quads;
        byte** windows = stackalloc byte*[16 * PanelLayout.MaxVectors];
        nint pitch = 0;
        if (_window.IsPointwise)
            Locate(input, end, first, count, tile.Layout.Lanes * tile.Layout.Vectors, copy, windows);
        else
            pitch = _borders.Copy(input, first, count, tile.Layout.Lanes * tile.Layout.Vectors, copy, windows);
        byte flip = _window.IsPointwise ? _flip : (byte)0;
        nint patchBytes = _patchBytes, tapBytes = quads * patchBytes, lineBytes = _window.DilationHeight * pitch;
        nint step = (nint)_window.DilationWidth * _window.InputChannels;
        for (int vector = 0; vector < tile.Layout.Vectors; vector++)
        {
            int quad = tile.Layout.Lanes / 4 * vector;
            byte* to = target + (16 * quad);
            byte** g0 = windows + tile.Groups[quad], g1 = windows + tile.Groups[quad + 1];
            byte** g2 = _wide ? windows + tile.Groups[quad + 2] : g0, g3 = _wide ? windows + tile.Groups[quad + 3] : g1;
            for (int ky = 0; ky < _window.KernelHeight; ky++)
            {
                nint tap = ky * lineBytes;
                for (int kx = 0; kx < _window.KernelWidth; kx++, tap += step, to += tapBytes)
                {
                    if (_wide)
                        PixelTransposer.ToPixels(g0, g1, g2, g3, tap, quads, flip, to, patchBytes);
                    else
                        NarrowPixelTransposer.ToPixels(g0, g1, tap, quads, flip, to, patchBytes);
                }
            }
        }
    }

    /// <summary>The pixels of a pointwise operation; the last one again for those that there are not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Locate(byte* input, byte* end, int first, int count, int room, byte* copies, byte** windows)
    {
        nint pixelBytes = _window.InputChannels;
        byte* pixel = input + (first * pixelBytes), lastWhole = end - _pixelBytes;
        for (int i = 0; i < count; i++, pixel += pixelBytes)
        {
            windows[i] = pixel;
            if (pixel <= lastWhole)
                continue;
            // It can't be read 16 channels at a time where it lies.
            new ReadOnlySpan<byte>(pixel, _window.InputChannels).CopyTo(new Span<byte>(copies, _pixelBytes));
            windows[i] = copies;
            copies += _pixelBytes;
        }

        for (int i = count; i < room; i++)
            windows[i] = windows[count - 1];
    }

    /// <summary>Writes a tile's results, [channel, pixel], where they belong.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Scatter(byte* rows, int first, int count, byte* output)
    {
        int channels = _window.OutputChannels, together = Math.Min(16, channels);
        nint rowBytes = _rowBytes, pitch = _place.Pitch;
        byte* square = stackalloc byte[256];
        for (int pixel = 0; pixel < count; pixel += 16)
        {
            byte* to = output + ((first + pixel) * pitch);
            int pixels = Math.Min(16, count - pixel);
            for (int channel = 0; channel < channels; channel += 16)
            {
                // The last channels overlap those before rather than be copied one by one.
                int at = Math.Min(channel, channels - together);
                byte* from = rows + (at * rowBytes) + pixel;
                if (pixels == 16 && together == 16)
                {
                    ToChannels(from, rowBytes, to + at, pitch);
                    continue;
                }

                ToChannels(from, rowBytes, square, 16);
                for (int i = 0; i < pixels; i++)
                    new ReadOnlySpan<byte>(square + (16 * i), together).CopyTo(new Span<byte>(to + (i * pitch) + at, together));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ToChannels(byte* rows, nint stride, byte* target, nint pitch)
    {
        if (_wide)
            PixelTransposer.ToChannels(rows, stride, target, pitch);
        else
            NarrowPixelTransposer.ToChannels(rows, stride, target, pitch);
    }

    private static BorderedTile Borders(Window2D window, SparseTiling tiling, LayerQuantization quantization, bool unsigned) =>
        new(window, tiling.Target.Lanes * tiling.Longest, !unsigned, (byte)(quantization.InputZeroPoint ^ (unsigned ? 0 : 0x80)));

    private int PixelCount => Pixels(_window);

    private static int Pixels(Window2D window) => window.Batch * window.OutputHeight * window.OutputWidth;

    private static SparseWork Shares(Target target, Window2D window, int groups, ReadOnlySpan<sbyte> weights) => new(
        window.OutputChannels,
        window.KernelHeight * window.KernelWidth,
        window.KernelHeight * window.KernelWidth * ((window.InputChannels + 3) / 4),
        SparseBlocks.Count(SparseBlocks.Product(target), weights, window.InputChannels / groups));

    private static double DenseCycles(Target target, Window2D window, int groups, ReadOnlySpan<sbyte> weights)
    {
        int rows = window.Batch * window.OutputHeight, width = window.OutputWidth, inputs = window.InputChannels / groups;
        if (window.IsPointwise)
            (rows, width) = (1, rows * width);
        bool merged = groups == 1 && window.DilationWidth == 1;
        int run = merged ? window.KernelWidth * inputs : inputs, runs = window.KernelHeight * (merged ? 1 : window.KernelWidth);
        (ByteProduct product, double split) = ByteProducts.Choose(target, weights, window.OutputChannels, run);
        int steps = runs * ((run + product.StepElements() - 1) / product.StepElements());
        var costs = new Int8TileCosts(target, product, split);
        var blocking = Int8Blocking.Choose(costs, width, window.OutputChannels / groups, steps);
        return (double)rows * groups * blocking.Cost(steps);
    }

    /// <summary>The first of each four neighbouring pixels in the registers of a tile, in their order.</summary>
    private static int[] Groups(PanelLayout layout)
    {
        int each = layout.Lanes / 4;
        var groups = new int[each * layout.Vectors];
        for (int i = 0; i < groups.Length; i++)
            groups[i] = layout.Channel(i / each, i % each * 4);
        return groups;
    }

    /// <summary>Neighbouring output pixels.</summary>
    private sealed record Tile(PanelLayout Layout, int[] Groups, AssembledFunction Function);
}
