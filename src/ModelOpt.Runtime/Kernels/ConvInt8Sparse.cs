using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Kernels.Simd;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// 8-bit convolution, NHWC, of any kernel, stride, dilation and padding, of weights with many zeros, by assembled tiles
/// (AVX512-VNNI). Blocks of four input channels that are all zero are left out; any pattern of zeros has some, 1x4 has all its
/// zeros in them. The patches of a tile of output pixels are transposed into scratch memory, so that registers hold pixels and a block
/// of weights serves all of them; results are transposed back. The bits are those of <see cref="ConvInt8Assembled"/>.
/// Input 0: activations; output 0: the result.
/// </summary>
internal sealed unsafe class ConvInt8Sparse : Kernel
{
    // Estimates are off by about a tenth.
    private const double Margin = 0.9;

    // Tiles that need more scratch memory than this leave the second-level cache, and files could ask for any amount.
    private const long MaxScratchBytes = 2 << 20;

    private readonly Window2D _window;
    private readonly ChannelPlace _place;
    private readonly byte _flip;
    private readonly byte _padding;
    private readonly int _quads;
    private readonly int _patchBytes;
    private readonly int _rowBytes;
    private readonly int _pixelBytes;
    private readonly int _patchesBytes;
    private readonly SparseTiling _tiling;
    private readonly Tile[] _tiles;
    private readonly SparseBlocks _blocks;
    private readonly Int8EpilogueConstants _constants;

    /// <param name="window">Shape of the operation; not grouped.</param>
    /// <param name="quantization">Scales, zero points, output clamp.</param>
    /// <param name="weights">[OutputChannels, KernelHeight, KernelWidth, InputChannels], less their zero point.</param>
    /// <param name="bias">[OutputChannels] at scale s_x·s_w, or empty.</param>
    /// <param name="unsigned">Activations and output are uint8 instead of int8.</param>
    /// <param name="code">Receives the assembled functions.</param>
    /// <param name="place">Where the result lies among others that share its pixels; without them by default.</param>
    /// <param name="tiling">The division into tiles; the cheapest by default.</param>
    public ConvInt8Sparse(
        Window2D window, LayerQuantization quantization, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias, bool unsigned,
        AssembledCode code, ChannelPlace? place = null, SparseTiling? tiling = null)
    {
        _window = window;
        _place = place ?? new ChannelPlace(window.OutputChannels, 0);
        _flip = unsigned ? (byte)0 : (byte)0x80;
        _padding = unchecked((byte)quantization.InputZeroPoint);
        _quads = (window.InputChannels + 3) / 4;
        SparseWork work = Shares(window, weights);
        _tiling = tiling ?? SparseTiling.Choose(PixelCount, code.Threads, work);
        _patchBytes = 64 * _tiling.Longest;
        _rowBytes = 16 * _tiling.Longest;
        _pixelBytes = (window.InputChannels + 15) / 16 * 16;
        _patchesBytes = checked(work.Patches * _patchBytes);

        var layer = LayerSums.Create(quantization, weights, bias, window.OutputChannels, unsigned);
        Int8Epilogue epilogue = Int8Epilogue.For(quantization, unsigned, layer.Fit, null);
        _constants = new Int8EpilogueConstants(quantization, null);
        _blocks = new SparseBlocks(weights, window.InputChannels, layer.Starts, layer.Multipliers, _patchBytes, _rowBytes);
        // Tiles have one of three layouts: that of the first, that with a register more, and the last one's.
        PanelLayout shortest = new(_tiling.Registers / _tiling.Tiles, false);
        PanelLayout[] layouts = [shortest, shortest with { Vectors = _tiling.Longest }, _tiling.Layout(_tiling.Tiles - 1)];
        _tiles = new Tile[layouts.Length];
        for (int i = 0; i < layouts.Length; i++)
            _tiles[i] = new Tile(layouts[i], Quads(layouts[i]), code.Get(new SparseTileShape(layouts[i], epilogue), SparseTileEmitter.Emit));

        // Rows of results are read 16 channels at a time; pixels that can't be read whole are copied, and there is one of padding.
        ScratchBytes = checked(_patchesBytes + ((window.OutputChannels + 15) / 16 * 16 * _rowBytes) + (5 * _pixelBytes));
        Work = (long)PixelCount * 4 * (work.Blocks + work.Patches + work.Channels);
    }

    public override int ScratchBytes { get; }

    public override int Items => _tiling.Tiles;

    public override long Work { get; }

    public override int WorkAtOnce => 4;

    /// <summary>The kernel, where it is estimated to be faster than the one that multiplies all weights; null otherwise.</summary>
    /// <inheritdoc cref="ConvInt8Sparse(Window2D, LayerQuantization, ReadOnlySpan{sbyte}, ReadOnlySpan{int}, bool, AssembledCode, ChannelPlace?, SparseTiling?)"/>
    public static ConvInt8Sparse? TryCreate(
        Window2D window, LayerQuantization quantization, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias, bool unsigned,
        AssembledCode code, ChannelPlace? place = null)
    {
        SparseWork work = Shares(window, weights);
        if (work.Blocks > (long)work.Patches * work.Channels * Margin)
            return null;
        SparseTiling tiling = SparseTiling.Choose(Pixels(window), code.Threads, work);
        return ((64L * work.Patches) + (16L * work.Channels)) * tiling.Longest <= MaxScratchBytes
            && tiling.Cycles(work) < Margin * DenseCycles(window)
            ? new ConvInt8Sparse(window, quantization, weights, bias, unsigned, code, place, tiling)
            : null;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<byte> all = args.Input<byte>(0);
        fixed (byte* input = all, output = args.Output<byte>(0), scratch = args.Scratch<byte>())
        {
            byte* rows = scratch + _patchesBytes, pixels = scratch + ScratchBytes - (5 * _pixelBytes);
            new Span<byte>(pixels, _pixelBytes).Fill(_padding);
            SparseTileArguments arguments;
            for (int item = start; item < end; item++)
            {
                PanelLayout layout = _tiling.Layout(item);
                Tile tile = _tiles[item == _tiling.Tiles - 1 ? 2 : layout.Vectors - _tiles[0].Layout.Vectors];
                int first = _tiling.Pixel(item);
                if (_window.IsPointwise)
                    GatherPixels(input, input + all.Length, tile, first, pixels, scratch);
                else
                    Gather(input, input + all.Length, tile, first, pixels, scratch);
                arguments.Patches = scratch;
                arguments.Blocks = _blocks.Blocks;
                arguments.Channels = _blocks.ChannelTable;
                arguments.Rows = rows;
                arguments.Constants = _constants.Pointer;
                arguments.ChannelsLeft = _blocks.Channels;
                tile.Function.Call(&arguments);
                Scatter(rows, first, Math.Min(layout.Channels, PixelCount - first), output + _place.First);
            }
        }
    }

    /// <summary>Writes the input bytes under the windows of a tile: [tap, quad of channels, pixel, 4].</summary>
    /// <param name="input">The images.</param>
    /// <param name="end">Where the input ends.</param>
    /// <param name="tile">Order of the pixels; those beyond the last one are padding.</param>
    /// <param name="first">First pixel.</param>
    /// <param name="padding">A pixel of padding, and room for four pixels that can't be read whole.</param>
    /// <param name="target">Receives the patches.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gather(byte* input, byte* end, Tile tile, int first, byte* padding, byte* target)
    {
        int pixels = PixelCount, quads = _quads, width = _window.InputWidth, height = _window.InputHeight, outputWidth = _window.OutputWidth, stride = _window.StrideWidth;
        nint pixelBytes = _window.InputChannels, step = stride * pixelBytes, patchBytes = _patchBytes;
        byte flip = _flip;
        (int row, int column) = Math.DivRem(first, outputWidth);
        foreach (int at in tile.Quads)
        {
            byte* to = target + at;
            (int image, int y) = Math.DivRem(row, _window.OutputHeight);
            int top = (y * _window.StrideHeight) - _window.PadTop, left = (column * stride) - _window.PadLeft;
            nint lastTap = ((((nint)image * height) + top + ((_window.KernelHeight - 1) * _window.DilationHeight)) * width)
                + left + ((_window.KernelWidth - 1) * _window.DilationWidth);
            bool together = column <= outputWidth - 4 && first <= pixels - 4
                && (lastTap * pixelBytes) + (3 * step) + _pixelBytes <= (nint)(end - input);
            Corner c0 = default, c1 = default, c2 = default, c3 = default;
            if (!together)
                (c0, c1, c2, c3) = (CornerOf(first), CornerOf(first + 1), CornerOf(first + 2), CornerOf(first + 3));
            for (int ky = 0; ky < _window.KernelHeight; ky++)
            {
                y = top + (ky * _window.DilationHeight);
                for (int kx = 0; kx < _window.KernelWidth; kx++, to += quads * patchBytes)
                {
                    int x = left + (kx * _window.DilationWidth);
                    byte* p0 = input + (((((nint)image * height) + y) * width) + x) * pixelBytes;
                    byte* p1 = p0 + step, p2 = p1 + step, p3 = p2 + step;
                    if (!together)
                    {
                        p0 = Place(input, end, c0, ky, kx, padding, 1);
                        p1 = Place(input, end, c1, ky, kx, padding, 2);
                        p2 = Place(input, end, c2, ky, kx, padding, 3);
                        p3 = Place(input, end, c3, ky, kx, padding, 4);
                    }
                    else if ((uint)y >= (uint)height)
                    {
                        p0 = p1 = p2 = p3 = padding;
                    }
                    else if (x < 0 || x + (3 * stride) >= width)
                    {
                        p0 = (uint)x < (uint)width ? p0 : padding;
                        p1 = (uint)(x + stride) < (uint)width ? p1 : padding;
                        p2 = (uint)(x + (2 * stride)) < (uint)width ? p2 : padding;
                        p3 = (uint)(x + (3 * stride)) < (uint)width ? p3 : padding;
                    }

                    PixelTransposer.ToPixels(p0, p1, p2, p3, quads, flip, to, patchBytes);
                }
            }

            first += 4;
            column += 4;
            while (column >= outputWidth)
            {
                column -= outputWidth;
                row++;
            }
        }
    }

    /// <summary>The same of a pointwise operation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void GatherPixels(byte* input, byte* end, Tile tile, int first, byte* padding, byte* target)
    {
        nint pixelBytes = _window.InputChannels, patchBytes = _patchBytes;
        int quads = _quads;
        byte flip = _flip;
        byte* lastWhole = end - _pixelBytes - (3 * pixelBytes), p0 = input + (first * pixelBytes);
        foreach (int at in tile.Quads)
        {
            byte* p1 = p0 + pixelBytes, p2 = p1 + pixelBytes, p3 = p2 + pixelBytes, next = p3 + pixelBytes;
            if (p0 > lastWhole)
            {
                p0 = Place(input, end, CornerOf(first), 0, 0, padding, 1);
                p1 = Place(input, end, CornerOf(first + 1), 0, 0, padding, 2);
                p2 = Place(input, end, CornerOf(first + 2), 0, 0, padding, 3);
                p3 = Place(input, end, CornerOf(first + 3), 0, 0, padding, 4);
            }

            PixelTransposer.ToPixels(p0, p1, p2, p3, quads, flip, target + at, patchBytes);
            first += 4;
            p0 = next;
        }
    }

    /// <summary>What lies under a tap of an output pixel: an input pixel, a copy of it, or padding.</summary>
    private byte* Place(byte* input, byte* end, Corner corner, int ky, int kx, byte* padding, int copy)
    {
        int y = corner.Top + (ky * _window.DilationHeight), x = corner.Left + (kx * _window.DilationWidth);
        if ((uint)y >= (uint)_window.InputHeight || (uint)x >= (uint)_window.InputWidth)
            return padding;
        byte* from = input + ((((((nint)corner.Image * _window.InputHeight) + y) * _window.InputWidth) + x) * _window.InputChannels);
        if (from + _pixelBytes <= end)
            return from;
        byte* to = padding + (copy * _pixelBytes);
        new ReadOnlySpan<byte>(from, _window.InputChannels).CopyTo(new Span<byte>(to, _pixelBytes));
        return to;
    }

    /// <summary>Where the window of an output pixel begins; of those beyond the last, in padding.</summary>
    private Corner CornerOf(int pixel)
    {
        if (pixel >= PixelCount)
            return new Corner(0, int.MinValue, 0);
        (int row, int column) = Math.DivRem(pixel, _window.OutputWidth);
        (int image, row) = Math.DivRem(row, _window.OutputHeight);
        return new Corner(image, (row * _window.StrideHeight) - _window.PadTop, (column * _window.StrideWidth) - _window.PadLeft);
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
                    PixelTransposer.ToChannels(from, rowBytes, to + at, pitch);
                    continue;
                }

                PixelTransposer.ToChannels(from, rowBytes, square, 16);
                for (int i = 0; i < pixels; i++)
                    new ReadOnlySpan<byte>(square + (16 * i), together).CopyTo(new Span<byte>(to + (i * pitch) + at, together));
            }
        }
    }

    private int PixelCount => Pixels(_window);

    private static int Pixels(Window2D window) => window.Batch * window.OutputHeight * window.OutputWidth;

    private static SparseWork Shares(Window2D window, ReadOnlySpan<sbyte> weights) => new(
        window.OutputChannels,
        window.KernelHeight * window.KernelWidth,
        window.KernelHeight * window.KernelWidth * ((window.InputChannels + 3) / 4),
        SparseBlocks.Count(weights, window.InputChannels));

    private static double DenseCycles(Window2D window)
    {
        int rows = window.Batch * window.OutputHeight, width = window.OutputWidth;
        if (window.IsPointwise)
            (rows, width) = (1, rows * width);
        int steps = window.DilationWidth == 1
            ? window.KernelHeight * (((window.KernelWidth * window.InputChannels) + 3) / 4) : window.KernelHeight * window.KernelWidth * ((window.InputChannels + 3) / 4);
        return rows * Int8Blocking.Choose(width, window.OutputChannels, steps).Cost(steps);
    }

    /// <summary>Where a register holds each four neighbouring pixels of a tile, in bytes.</summary>
    private static int[] Quads(PanelLayout layout)
    {
        var quads = new int[layout.Channels / 4];
        for (int vector = 0; vector < layout.Vectors; vector++)
        {
            for (int lane = 0; lane < 16; lane += 4)
            {
                int quad = layout.Channel(vector, lane) / 4;
                if (quad < quads.Length)
                    quads[quad] = (64 * vector) + (4 * lane);
            }
        }

        return quads;
    }

    private readonly record struct Corner(int Image, int Top, int Left);

    /// <summary>Neighbouring output pixels.</summary>
    private sealed record Tile(PanelLayout Layout, int[] Quads, AssembledFunction Function);
}
