using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;

namespace ModelOpt.Runtime.Kernels.Depthwise;

/// <summary>All that the code of an assembled depthwise convolution depends on. Layers of several heights share functions.</summary>
/// <param name="Channels">Bytes of a pixel.</param>
/// <param name="InputWidth">Pixels of an input row.</param>
/// <param name="OutputWidth">Pixels of an output row.</param>
/// <param name="KernelHeight">Taps of a column.</param>
/// <param name="KernelWidth">Taps of a row.</param>
/// <param name="StrideWidth">Input pixels from one output to the next.</param>
/// <param name="DilationWidth">Input pixels from one tap to the next.</param>
/// <param name="PadLeft">Padding before a row.</param>
/// <param name="LayerRows">Output rows that the layer computes together.</param>
/// <param name="Rows">Output rows of this function: those, or 1.</param>
/// <param name="Width">Channels of a panel are the bytes of a register of this width.</param>
/// <param name="Groups">Quarters of each 16 channels that are there: 4, or fewer where the layer has less than 16 channels.</param>
/// <param name="Tail">
/// See <see cref="UnitTail"/>; 0 where registers are loaded and stored whole. Otherwise pixels are not, because the layer has fewer
/// channels than its only panel; in a flat layer the end of a row is not stored whole.
/// </param>
/// <param name="Flip">The input is int8 and has to be made uint8 by flipping the top bit.</param>
/// <param name="Flat">
/// Few channels fill a register with neighbouring pixels: the output's columns are pieces of a row that fill registers, and the input
/// rows have their padding with them.
/// </param>
/// <param name="Epilogue">How sums become outputs.</param>
internal readonly record struct DepthwiseShape(
    int Channels, int InputWidth, int OutputWidth, int KernelHeight, int KernelWidth, int StrideWidth, int DilationWidth, int PadLeft,
    int LayerRows, int Rows, VectorWidth Width, int Groups, int Tail, bool Flip, bool Flat, Int8Epilogue Epilogue)
{
    // Code of more quads than this would fill the instruction cache.
    private const int MaxQuads = 160;

    public bool Equals(DepthwiseShape other) =>
        Channels == other.Channels && InputWidth == other.InputWidth && OutputWidth == other.OutputWidth
        && KernelHeight == other.KernelHeight && KernelWidth == other.KernelWidth && StrideWidth == other.StrideWidth
        && DilationWidth == other.DilationWidth && PadLeft == other.PadLeft && LayerRows == other.LayerRows && Rows == other.Rows
        && Width == other.Width && Groups == other.Groups && Tail == other.Tail && Flip == other.Flip && Flat == other.Flat
        && Epilogue.Equals(other.Epilogue);

    public override int GetHashCode() => (((((Channels * 31) + OutputWidth) * 31) + Rows) * 31) + (int)Width;

    /// <summary>Bytes from one output column to the next.</summary>
    public int OutputPitch => Flat ? 16 << (int)Width : Channels;

    /// <summary>Whether something is not loaded or stored whole.</summary>
    public bool Masked => Tail != 0;

    /// <summary>Steps of an output row, the last one maybe with a single column.</summary>
    public int Steps => (OutputWidth + DepthwisePlan.Columns - 1) / DepthwisePlan.Columns;

    /// <summary>Whether the code is short enough: most steps must be alike.</summary>
    public bool IsSupported
    {
        get
        {
            const int maxTaps = 100, maxSpan = 1 << 15;
            int taps = KernelHeight * KernelWidth;
            long span = (KernelWidth - 1) * (long)DilationWidth * (Flat ? Channels : 1);
            if (taps > maxTaps || span > maxSpan || StrideWidth > maxSpan)
                return false;
            (int begin, int end) = AlikeSteps();
            return (Steps - (end - begin) + 1) * ((taps + 3) / 4) * DepthwisePlan.Columns <= MaxQuads;
        }
    }

    /// <summary>The shape of a layer's functions, for panels of as many channels as the target's registers have bytes.</summary>
    public static DepthwiseShape For(Target target, in Window2D window, bool unsigned, Int8Epilogue epilogue)
    {
        int channels = window.InputChannels, rows = DepthwisePlan.PreferredRows(window), rowBytes = window.OutputWidth * channels;
        int piece = target.Bytes;
        bool flat = channels <= 16 && piece % channels == 0 && rowBytes >= piece && window.StrideWidth == 1;
        if (flat)
        {
            return new DepthwiseShape(
                channels, 0, (rowBytes + piece - 1) / piece, window.KernelHeight, window.KernelWidth, 1,
                window.DilationWidth, 0, rows, rows, target.Width, 4, rowBytes % piece == 0 ? 0 : UnitTail.Of(target, rowBytes % piece),
                false, true, epilogue);
        }

        bool masked = channels < (target.Vex ? 16 : 32) && channels != 16;
        return new DepthwiseShape(
            channels, window.InputWidth, window.OutputWidth, window.KernelHeight, window.KernelWidth, window.StrideWidth,
            window.DilationWidth, window.PadLeft, rows, rows, target.Width, Math.Min(4, (channels + 3) / 4),
            masked ? UnitTail.Of(target, channels) : 0, !unsigned, false, epilogue);
    }

    /// <summary>
    /// The width of the next panels: the widest that is filled, or the narrowest that holds all channels.
    /// </summary>
    /// <param name="target">Instructions.</param>
    /// <param name="left">Channels that are left.</param>
    public VectorWidth PanelWidth(Target target, int left)
    {
        if (target.Width == VectorWidth.Bits512 && left > 32 && Channels >= 64)
            return VectorWidth.Bits512;
        return left > 16 && (!target.Vex || Channels >= 32) ? VectorWidth.Bits256 : VectorWidth.Bits128;
    }

    /// <summary>Full steps whose quads lie within the input.</summary>
    public (int Begin, int End) AlikeSteps()
    {
        if (Flat)
            return (0, (OutputWidth - (Masked ? 1 : 0)) / DepthwisePlan.Columns);

        // The windows of a step span no more; neither do their quads.
        int columnStep = DepthwisePlan.Columns * StrideWidth;
        int span = columnStep + ((KernelWidth - 1) * DilationWidth);
        int begin = (PadLeft + columnStep - 1) / columnStep;
        int room = InputWidth + PadLeft - span;
        int end = room < 0 ? 0 : Math.Min((room / columnStep) + 1, OutputWidth / DepthwisePlan.Columns);
        return begin < end ? (begin, end) : (0, 0);
    }
}

/// <summary>Arguments of an assembled depthwise convolution: one or two output rows, a number of panels of channels.</summary>
internal unsafe struct DepthwiseArguments
{
    public const int RowsAt = 0, PanelAt = 8, ConstantsAt = 16, OutputAt = 24, SecondOutputAt = 32, PanelsAt = 40, MaskAt = 48,
        QuadsAt = 56;

    /// <summary>Addresses of the input rows' first pixels, at the first panel's first channel.</summary>
    public byte** Rows;

    /// <summary><see cref="DepthwisePanels"/>.</summary>
    public byte* Panel;

    /// <summary><see cref="Int8EpilogueConstants"/>.</summary>
    public byte* Constants;

    /// <summary>The first output row, at the first panel's first channel.</summary>
    public byte* Output;

    /// <summary>The second output row.</summary>
    public byte* SecondOutput;

    /// <summary>Panels to compute, at least 1; 0 afterwards.</summary>
    public long Panels;

    /// <summary>The channels there are, one bit each; in a flat layer the bytes of a row's last piece.</summary>
    public ulong Mask;

    /// <summary>Room for the quads of a step, see <see cref="DepthwiseQuads.Bytes"/>; not used where they stay in registers.</summary>
    public byte* Quads;
}

/// <summary>Where the interleaved pixels of a step are.</summary>
internal static class DepthwiseQuads
{
    /// <summary>Whether they lie in memory: sixteen registers are too few for them and the sums.</summary>
    public static bool AreInMemory(Target target) => target.Vex || !target.HasDot;

    /// <summary>Registers of a quad: its bytes, or its even and its odd ones as int16.</summary>
    public static int Parts(Target target) => target.HasDot ? 1 : 2;

    /// <summary>Room for the quads of a step.</summary>
    public static int Bytes(Target target, DepthwisePlan plan) =>
        AreInMemory(target) ? plan.Quads.Length * 4 * Parts(target) * target.Bytes : 0;
}
