using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Convolution;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Depthwise;

/// <summary>
/// 8-bit depthwise convolution, NHWC, assembled. The input is read where it lies; a row of zero points stands
/// for rows outside of the image, unless these are many: then there is a kernel for each part of the window that occurs. Rows
/// of few channels are copied to have their padding with them, see <see cref="DepthwiseShape"/>.
/// Input 0: activations; output 0: the result.
/// </summary>
internal sealed unsafe class DepthwiseInt8AssembledKernel : Kernel
{
    private readonly Window2D _window;
    private readonly int _rows;
    private readonly int _itemsPerImage;
    private readonly int _inputRows;
    private readonly int _quadBytes;
    private readonly BorderedRows? _bordered;
    private readonly AlignedBuffer<byte> _paddingRow;
    private readonly DepthwiseRows[] _kernels;
    private readonly Taps[]? _taps;

    private DepthwiseInt8AssembledKernel(
        Window2D window, LayerQuantization quantization, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias, bool unsigned,
        AssembledCode code)
    {
        _window = window;
        byte padding = unchecked((byte)quantization.InputZeroPoint);
        if (DepthwiseShape.For(code.Target, window, unsigned, default).Flat)
        {
            padding = (byte)(unsigned ? padding : padding ^ 0x80);
            _bordered = new BorderedRows(window, window.KernelHeight + DepthwisePlan.PreferredRows(window) - 1, !unsigned, padding);
        }

        _paddingRow = new AlignedBuffer<byte>(_bordered?.Pitch ?? window.InputWidth * window.InputChannels);
        Int8Rows.Fill(_paddingRow.Pointer, _paddingRow.Length, padding);
        var constants = new Int8EpilogueConstants(quantization, null);
        _taps = MostlyPadded(window);
        _rows = _taps is null ? DepthwisePlan.PreferredRows(window) : 1;
        _kernels = new DepthwiseRows[_taps?.Length ?? 1];
        if (_taps is null)
            _kernels[0] = new DepthwiseRows(window, quantization, weights, bias, unsigned, constants, code);
        int row = window.KernelWidth * window.InputChannels;
        for (int oy = 0; oy < _taps?.Length; oy++)
        {
            Taps taps = _taps[oy];
            int same = 0;
            while (_taps[same].First != taps.First || _taps[same].End != taps.End)
                same++;
            Window2D part = window with { OutputHeight = 1, KernelHeight = taps.End - taps.First };
            _kernels[oy] = same < oy
                ? _kernels[same]
                : new DepthwiseRows(part, quantization, weights[(taps.First * row)..(taps.End * row)], bias, unsigned, constants, code);
        }

        foreach (DepthwiseRows kernel in _kernels)
        {
            _inputRows = Math.Max(_inputRows, kernel.InputRows);
            _quadBytes = Math.Max(_quadBytes, kernel.QuadBytes);
        }

        _itemsPerImage = (window.OutputHeight + _rows - 1) / _rows;
    }

    public override int ScratchBytes => RowTableBytes + _quadBytes + (_bordered?.ScratchBytes ?? 0);

    private int RowTableBytes => ((_inputRows * sizeof(byte*)) + 63) & ~63;

    public override int Items => _window.Batch * _itemsPerImage;

    public override long Work =>
        (long)_window.Batch * _window.OutputHeight * _window.OutputWidth * _window.OutputChannels * _window.KernelHeight
        * _window.KernelWidth;

    /// <summary>The kernel; null where the window or the weights are not for this way.</summary>
    public static Kernel? TryCreate(
        Window2D window, LayerQuantization quantization, ReadOnlySpan<byte> weights, ReadOnlySpan<int> bias, bool unsigned,
        AssembledCode code) =>
        DepthwiseShape.For(code.Target, window, unsigned, default).IsSupported
        && ConvInt8AssembledKernel.TryCenter(weights, quantization.WeightZeroPoint, unsigned, out ReadOnlySpan<sbyte> centered)
            ? new DepthwiseInt8AssembledKernel(window, quantization, centered, bias, unsigned, code)
            : null;

    public override void Run(in KernelArguments args, int start, int end)
    {
        nint rowBytes = (nint)_window.InputWidth * _window.InputChannels;
        nint outputBytes = (nint)_window.OutputWidth * _window.OutputChannels;
        fixed (byte* input = args.Input<byte>(0), output = args.Output<byte>(0), scratch = args.Scratch<byte>())
        {
            byte** rows = (byte**)scratch;
            byte* quads = scratch + RowTableBytes, copies = quads + _quadBytes;
            _bordered?.Forget(copies);
            for (int item = start; item < end; item++)
            {
                int image = item / _itemsPerImage, oy = item % _itemsPerImage * _rows;
                DepthwiseRows kernel = _kernels[_taps is null ? 0 : oy];
                int firstTap = _taps is null ? 0 : _taps[oy].First;
                for (int row = 0; row < kernel.InputRows; row++)
                {
                    int y = (oy * _window.StrideHeight) - _window.PadTop + ((firstTap + row) * _window.DilationHeight);
                    byte* from = input + ((((nint)image * _window.InputHeight) + y) * rowBytes);
                    rows[row] = (uint)y >= (uint)_window.InputHeight ? _paddingRow.Pointer
                        : _bordered is null ? from
                        : _bordered.Copy(from, (image * _window.InputHeight) + y, copies);
                }

                byte* to = output + ((((nint)image * _window.OutputHeight) + oy) * outputBytes);
                kernel.Run(rows, to, outputBytes, oy + _rows > _window.OutputHeight, quads);
            }
        }
    }

    /// <summary>The rows of taps that meet the image, for each output row, if that saves much; otherwise null.</summary>
    private static Taps[]? MostlyPadded(in Window2D window)
    {
        // More rows would hold many copies of the weights, and the image be larger than its padding.
        const int maxRows = 8;
        if (window.OutputHeight > maxRows)
            return null;
        var taps = new Taps[window.OutputHeight];
        int inside = 0;
        for (int oy = 0; oy < taps.Length; oy++)
        {
            int top = (oy * window.StrideHeight) - window.PadTop, end = window.KernelHeight;
            while (end > 0 && top + ((end - 1) * window.DilationHeight) >= window.InputHeight)
                end--;
            int first = 0;
            while (first < end && top + (first * window.DilationHeight) < 0)
                first++;
            taps[oy] = new Taps(first, end);
            inside += end - first;
        }

        return inside * 4 <= window.OutputHeight * window.KernelHeight * 3 ? taps : null;
    }

    /// <summary>The rows of a window, from the first to before the end, that meet the image.</summary>
    private readonly struct Taps(int first, int end)
    {
        public readonly int First = first;
        public readonly int End = end;
    }
}
