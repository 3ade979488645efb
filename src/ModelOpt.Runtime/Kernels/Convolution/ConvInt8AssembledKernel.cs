using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Convolution;

/// <summary>
/// 8-bit convolution, NHWC, grouped, of any kernel, stride, dilation and padding, by assembled tiles. Every output
/// pixel sums runs of neighbouring input bytes, read where they lie: taps that are neighbours along a row are one run. The
/// instruction multiplies unsigned bytes by signed ones, so int8 input counts 128 more, which the starts take back:
/// start = bias − (z + 128)·Σw. Where there is padding, a block of input rows is copied into scratch memory with a border of
/// zero points. Input 0: activations; output 0: the result.
/// </summary>
internal sealed unsafe class ConvInt8AssembledKernel : Kernel
{
    // Input that a block of outputs reads; it stays in the cache while the panels of weights pass.
    private const int BlockBytes = 48 * 1024;

    // A block's weights come from further away than its input; so it has this many tiles at least, where there are as many.
    private const int BlockTiles = 2;

    // Enough items for threads to share nearly equally, unless one would have fewer multiply-adds than this.
    private const int ItemsPerThread = 8, LeastWork = 200_000;

    // Input, weights, bias, then the residual.
    private const int ResidualInput = 3;

    private readonly Window2D _window;
    private readonly bool _residual;
    private readonly bool _bordered;
    private readonly int _pitch;
    private readonly InputElements _elements;
    private readonly Int8Blocking _blocking;
    private readonly bool _oneRow;
    private readonly int _lines;
    private readonly int _linesPerBlock;
    private readonly int _blocksPerImage;
    private readonly int _columnBlocks;
    private readonly int _outputPitch;
    private readonly int _outputOffset;
    private readonly ConvolutionPanel[] _panels;
    private readonly AlignedBuffer<long> _runs;
    private readonly Int8EpilogueConstants _constants;

    /// <param name="window">Shape of the operation.</param>
    /// <param name="groups">Divides both channel counts.</param>
    /// <param name="quantization">Scales, zero points, output clamp.</param>
    /// <param name="weights">
    /// [OutputChannels, KernelHeight, KernelWidth, InputChannels / groups], less their zero point.
    /// </param>
    /// <param name="bias">[OutputChannels] at scale s_x·s_w, or empty.</param>
    /// <param name="unsigned">Activations and output are uint8 instead of int8.</param>
    /// <param name="code">Receives the assembled functions.</param>
    /// <param name="residual">An ADD of the kernel's last input, of the output's shape, to the result; int8 only.</param>
    /// <param name="place">Where the result lies among others that share its pixels; without them by default.</param>
    public ConvInt8AssembledKernel(
        Window2D window, int groups, LayerQuantization quantization, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias,
        bool unsigned, AssembledCode code, ResidualAdd? residual = null, ChannelPlace? place = null)
    {
        _window = window = window.IsPointwise ? Flat(window) : window;
        int inputs = window.InputChannels / groups, outputs = window.OutputChannels / groups;
        bool merged = groups == 1 && window.DilationWidth == 1;
        int runElements = inputs * (merged ? window.KernelWidth : 1);
        (ByteProduct product, double split) = ByteProducts.Choose(code.Target, weights, window.OutputChannels, runElements);
        var runs = new ConvolutionRuns(window.KernelHeight * (merged ? 1 : window.KernelWidth), runElements, product.StepElements());
        _elements = new InputElements(
            product, !unsigned, (byte)(unsigned ? quantization.InputZeroPoint : quantization.InputZeroPoint ^ 0x80));
        int spanHeight = Span(window.OutputHeight, window.StrideHeight, window.KernelHeight, window.DilationHeight);
        int spanWidth = Span(window.OutputWidth, window.StrideWidth, window.KernelWidth, window.DilationWidth);

        // The last step of a run may read up to three bytes beyond it, so input that ends with the run is copied.
        _bordered = window.PadTop > 0 || window.PadLeft > 0 || spanHeight > window.InputHeight || spanWidth > window.InputWidth
            || runElements % runs.StepElements != 0 || _elements.Bytes > 1;
        (_outputPitch, _outputOffset) = place ?? new ChannelPlace(window.OutputChannels, 0);
        _residual = residual is not null;
        var costs = new Int8TileCosts(code.Target, product, split);
        _blocking = Int8Blocking.Choose(costs, window.OutputWidth, outputs, runs.Count * runs.Steps);

        // Lines are output rows, or the tiles of the only row.
        _oneRow = window.OutputHeight * window.Batch == 1;
        _lines = _oneRow ? _blocking.Tiles : window.OutputHeight;
        long lineBytes = (long)window.InputChannels * _elements.Bytes
            * (_oneRow ? _blocking.Rows * window.StrideWidth : window.StrideHeight * spanWidth);
        int least = Math.Min(_oneRow ? BlockTiles : (BlockTiles + _blocking.Tiles - 1) / _blocking.Tiles, _lines);
        int most = (int)Math.Clamp(BlockBytes / Math.Max(1, lineBytes), least, _lines);
        Work = (long)window.Batch * window.OutputHeight * window.OutputWidth * window.OutputChannels * runs.Weights;
        // With few rows the weights' way from memory takes most of the time.
        int panels = groups * _blocking.Panels.Length;
        long work = _blocking.Rows == 1 ? 4 * Work : Work;
        int enough = code.Threads == 1 ? 1 : (int)Math.Clamp(work / LeastWork, 1, ItemsPerThread * code.Threads);
        _blocksPerImage = Math.Max((_lines + most - 1) / most, Math.Min((enough + panels - 1) / panels, _lines / least));
        _linesPerBlock = (_lines + _blocksPerImage - 1) / _blocksPerImage;
        _pitch = !_bordered ? window.InputWidth
            : _oneRow ? Span(_linesPerBlock * _blocking.Rows, window.StrideWidth, window.KernelWidth, window.DilationWidth)
            : spanWidth;
        ScratchBytes = !_bordered ? 0 : checked((BorderedRows(_linesPerBlock) * _pitch * window.InputChannels * _elements.Bytes) + 64);
        _runs = new AlignedBuffer<long>(runs.Count);
        int pixelBytes = window.InputChannels * _elements.Bytes;
        for (int run = 0; run < runs.Count; run++)
        {
            (int ky, int kx) = merged ? (run, 0) : Math.DivRem(run, window.KernelWidth);
            _runs.Pointer[run] = pixelBytes * (((long)ky * window.DilationHeight * _pitch) + (kx * window.DilationWidth));
        }

        _constants = new Int8EpilogueConstants(quantization, residual);
        var layer = LayerSums.Create(quantization, weights, bias, window.OutputChannels, unsigned);
        var tile = new Int8TileShape(
            0, default, runs.Count, runs.Steps, window.StrideWidth * pixelBytes, _outputPitch, !unsigned && !_bordered, 0,
            Int8Epilogue.For(quantization, unsigned, layer.Fit, residual), product);
        _panels = ConvolutionPanel.CreateAll(window, groups, _blocking, runs, layer, weights, _runs.Span, tile, code);
        int blocks = _blocksPerImage * window.Batch;
        _columnBlocks = Math.Clamp((enough + blocks - 1) / blocks, 1, panels);
        Items = blocks * _columnBlocks;
    }

    public override int ScratchBytes { get; }

    public override int Items { get; }

    public override long Work { get; }

    public override int WorkAtOnce => 4;

    /// <summary>The weights less their zero point, if the instruction can multiply them: they are signed bytes.</summary>
    /// <param name="weights">Of the activations' type.</param>
    /// <param name="zeroPoint">Of the weights.</param>
    /// <param name="unsigned">The weights are uint8.</param>
    /// <param name="centered">Receives the differences.</param>
    public static bool TryCenter(ReadOnlySpan<byte> weights, int zeroPoint, bool unsigned, out ReadOnlySpan<sbyte> centered)
    {
        centered = MemoryMarshal.Cast<byte, sbyte>(weights);
        if (!unsigned)
            return zeroPoint == 0;
        var differences = new sbyte[weights.Length];
        for (int i = 0; i < weights.Length; i++)
        {
            int weight = weights[i] - zeroPoint;
            if (weight is < sbyte.MinValue or > sbyte.MaxValue)
                return false;
            differences[i] = (sbyte)weight;
        }

        centered = differences;
        return true;
    }

    public override void Run(in KernelArguments args, int start, int end)
    {
        nint imageBytes = (nint)_window.InputHeight * _window.InputWidth * _window.InputChannels;
        nint outputBytes = (nint)_window.OutputHeight * _window.OutputWidth * _outputPitch;
        fixed (byte* input = args.Input<byte>(0), output = args.Output<byte>(0), scratch = args.Scratch<byte>())
        fixed (byte* residual = _residual ? args.Input<byte>(ResidualInput) : default)
        {
            nint toResidual = (nint)residual - (nint)output;
            int copied = -1;
            for (int item = start; item < end; item++)
            {
                int block = item / _columnBlocks;
                (int image, int share) = Math.DivRem(block, _blocksPerImage);
                int begin = (int)((long)_lines * share / _blocksPerImage), lineEnd = (int)((long)_lines * (share + 1) / _blocksPerImage);
                byte* from = input + (image * imageBytes);
                if (_bordered && copied != block)
                    CopyBordered(from, begin, lineEnd, scratch);
                copied = block;
                long column = item % _columnBlocks;
                int panelEnd = (int)(_panels.Length * (column + 1) / _columnBlocks);
                for (int panel = (int)(_panels.Length * column / _columnBlocks); panel < panelEnd; panel++)
                {
                    var part = new Part(_panels[panel], _bordered ? scratch : null, from, output + _outputOffset + (image * outputBytes),
                        toResidual);
                    if (_oneRow)
                        MultiplyTiles(part, begin, lineEnd);
                    else
                        MultiplyRows(part, begin, lineEnd);
                }
            }
        }
    }

    private void MultiplyRows(in Part part, int begin, int end)
    {
        nint rowBytes = (nint)_window.StrideHeight * _pitch * _window.InputChannels * _elements.Bytes;
        nint outputBytes = (nint)_window.OutputWidth * _outputPitch;
        byte* from = part.Bordered is null ? part.Image + (begin * rowBytes) : part.Bordered;
        for (int row = begin; row < end; row++, from += rowBytes)
            Multiply(part, from, part.Output + (row * outputBytes), 0, _blocking.Tiles);
    }

    private void MultiplyTiles(in Part part, int begin, int end)
    {
        nint pixel = _blocking.Pixel(begin);
        byte* from = part.Bordered is null ? part.Image + (pixel * _window.StrideWidth * _window.InputChannels) : part.Bordered;
        Multiply(part, from, part.Output + (pixel * _outputPitch), begin, end);
    }

    /// <summary>Tiles [begin, end) of a row; input and output point to the first tile's first pixel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Multiply(in Part part, byte* input, byte* output, int begin, int end)
    {
        ConvolutionPanel panel = part.Panel;
        int middle = Math.Clamp(_blocking.LongTiles, begin, end);
        Int8TileArguments arguments;
        arguments.Weights = panel.Constants.Weights;
        arguments.Starts = panel.Constants.Starts;
        arguments.Multipliers = panel.Constants.Multipliers;
        arguments.Runs = _runs.Pointer;
        arguments.Constants = _constants.Pointer;
        arguments.Mask = panel.Mask;
        arguments.Residual = part.ToResidual;
        arguments.Split = panel.Constants.Split;
        arguments.Complements = panel.Constants.Complements;
        arguments.Input = input + (panel.InputChannel * _elements.Bytes);
        arguments.Output = output + panel.OutputChannel;
        if (middle > begin)
        {
            arguments.Tiles = middle - begin;
            panel.LongTile.Call(&arguments);
        }

        if (end > middle)
        {
            nint pixels = (nint)(middle - begin) * _blocking.Rows;
            arguments.Input += pixels * _window.StrideWidth * _window.InputChannels * _elements.Bytes;
            arguments.Output += pixels * _outputPitch;
            arguments.Tiles = end - middle;
            panel.ShortTile!.Call(&arguments);
        }
    }

    /// <summary>The input under output lines [begin, end) as unsigned bytes, with zero points where it is padding.</summary>
    private void CopyBordered(byte* image, int begin, int end, byte* target)
    {
        int channels = _window.InputChannels;
        int top = -_window.PadTop, left = -_window.PadLeft, rows = BorderedRows(end - begin), columns = _pitch;
        if (_oneRow)
        {
            left += _blocking.Pixel(begin) * _window.StrideWidth;
            columns = Span(_blocking.Pixel(end) - _blocking.Pixel(begin), _window.StrideWidth, _window.KernelWidth, _window.DilationWidth);
        }
        else
        {
            top += begin * _window.StrideHeight;
        }

        int insideBegin = Math.Clamp(-left, 0, columns), insideEnd = Math.Clamp(_window.InputWidth - left, insideBegin, columns);
        for (int row = 0; row < rows; row++, target += (nint)_pitch * channels * _elements.Bytes)
        {
            int y = top + row;
            if ((uint)y >= (uint)_window.InputHeight)
            {
                _elements.Copy(image, columns * channels, 0, 0, target);
                continue;
            }

            byte* from = image + ((((nint)y * _window.InputWidth) + left + insideBegin) * channels);
            _elements.Copy(from, insideBegin * channels, (insideEnd - insideBegin) * channels, (columns - insideEnd) * channels, target);
        }
    }

    private int BorderedRows(int lines) => Span(_oneRow ? 1 : lines, _window.StrideHeight, _window.KernelHeight, _window.DilationHeight);

    /// <summary>Input elements under a number of neighbouring windows along one axis.</summary>
    private static int Span(int windows, int stride, int kernel, int dilation) => ((windows - 1) * stride) + ((kernel - 1) * dilation) + 1;

    private static Window2D Flat(Window2D window)
    {
        int pixels = window.Batch * window.OutputHeight * window.OutputWidth;
        return window with { Batch = 1, InputHeight = 1, OutputHeight = 1, InputWidth = pixels, OutputWidth = pixels };
    }

    /// <summary>A panel's share of one image: the bordered copy of its block, if there is one, or the image, and the output.</summary>
    private readonly struct Part(ConvolutionPanel panel, byte* bordered, byte* image, byte* output, nint toResidual)
    {
        public ConvolutionPanel Panel => panel;

        public byte* Bordered => bordered;

        public byte* Image => image;

        public byte* Output => output;

        public nint ToResidual => toResidual;
    }
}
