using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;

namespace ModelOpt.Runtime.Kernels.Depthwise;

/// <summary>
/// One or two output rows of an assembled 8-bit depthwise convolution: functions and constants of its panels of channels.
/// The instruction multiplies unsigned bytes by signed ones, so int8 input counts 128 more, which the starts take back:
/// start = bias − (z + 128)·Σw.
/// </summary>
internal sealed unsafe class DepthwiseRows
{
    private readonly Int8EpilogueConstants _constants;
    private readonly Segment[] _segments;
    private readonly ulong _mask;

    /// <param name="window">Shape of the operation.</param>
    /// <param name="quantization">Scales, zero points, output clamp.</param>
    /// <param name="weights">[KernelHeight, KernelWidth, Channels], less their zero point.</param>
    /// <param name="bias">[Channels] at scale s_x·s_w, or empty.</param>
    /// <param name="unsigned">Activations and output are uint8 instead of int8.</param>
    /// <param name="constants">Of the layer.</param>
    /// <param name="code">Receives the assembled functions.</param>
    public DepthwiseRows(
        in Window2D window, LayerQuantization quantization, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias, bool unsigned,
        Int8EpilogueConstants constants, AssembledCode code)
    {
        _constants = constants;
        bool flat = DepthwiseShape.For(code.Target, window, unsigned, default).Flat;
        int masked = flat ? window.OutputWidth * window.InputChannels % code.Target.Bytes : Math.Min(window.InputChannels, 32);
        _mask = (1ul << masked) - 1;
        InputRows = window.KernelHeight + DepthwisePlan.PreferredRows(window) - 1;
        _segments = CreateSegments(window, quantization, weights, bias, unsigned, code);
    }

    /// <summary>Input rows under the output rows.</summary>
    public int InputRows { get; }

    /// <summary>Room for the quads of a step.</summary>
    public int QuadBytes { get; private set; }

    /// <summary>Output rows below one another, from the given input rows.</summary>
    /// <param name="rows">Addresses of <see cref="InputRows"/> input rows; they are changed.</param>
    /// <param name="output">The first output row.</param>
    /// <param name="outputBytes">From one output row to the next.</param>
    /// <param name="rest">There is one output row, where the layer computes more together.</param>
    /// <param name="quads">Room for <see cref="QuadBytes"/>.</param>
    public void Run(byte** rows, byte* output, nint outputBytes, bool rest, byte* quads)
    {
        int channel = 0;
        foreach (Segment segment in _segments)
        {
            for (int row = 0; row < InputRows; row++)
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
            arguments.Quads = quads;
            (rest ? segment.LastRow! : segment.Rows).Call(&arguments);
        }
    }

    private Segment[] CreateSegments(
        in Window2D window, LayerQuantization quantization, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias, bool unsigned,
        AssembledCode code)
    {
        int channels = window.InputChannels;
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

        var shape = DepthwiseShape.For(code.Target, window, unsigned, Int8Epilogue.For(quantization, unsigned, fits, null));
        DepthwisePlan plan = DepthwisePlan.Create(shape, DepthwiseQuads.Parts(code.Target));
        QuadBytes = DepthwiseQuads.Bytes(code.Target, plan);
        bool rest = window.OutputHeight % shape.LayerRows != 0;
        if (shape.Flat)
            return [CreateSegment(shape, plan, 0, 1, rest, weights, starts, multipliers, code)];
        var segments = new List<Segment>();

        // Panels of whole registers, and the rest in one or two of the narrowest panels that hold it. The last panel overlaps the
        // one before where it is not full; a single one is masked.
        for (int done = 0; done < channels;)
        {
            int left = channels - done;
            VectorWidth width = shape.PanelWidth(code.Target, left);
            int bytes = 16 << (int)width, panels = Math.Max(1, left / bytes);
            int first = Math.Max(0, Math.Min(done, channels - bytes));
            done = first + (panels * bytes);
            DepthwiseShape narrow = shape with { Width = width };
            segments.Add(CreateSegment(narrow, plan, first, panels, rest, weights, starts, multipliers, code));
        }

        return [.. segments];
    }

    private static Segment CreateSegment(
        DepthwiseShape shape, DepthwisePlan plan, int first, int panels, bool rest, ReadOnlySpan<sbyte> weights, int[] starts,
        float[] multipliers, AssembledCode code) => new(
            first,
            panels,
            new DepthwisePanels(plan, shape.Width, shape.Flat, panels, first, weights, starts, multipliers),
            code.Get(shape, DepthwiseEmitter.Emit),
            rest ? code.Get(shape with { Rows = 1 }, DepthwiseEmitter.Emit) : null);

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
