namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>All that the code of an assembled depthwise convolution depends on.</summary>
/// <param name="Window">The layer's; of its heights only the kernel's counts, see <see cref="For"/>.</param>
/// <param name="LayerRows">Output rows that the layer computes together.</param>
/// <param name="Rows">Output rows of this function: those, or 1.</param>
/// <param name="Width">Channels of a panel are the bytes of a register of this width.</param>
/// <param name="Groups">Quarters of each 16 channels that are there: 4, or fewer where the layer has less than 16 channels.</param>
/// <param name="Masked">Pixels are loaded and stored under the mask, because the layer has less than 16 channels.</param>
/// <param name="Flip">The input is int8 and has to be made uint8 by flipping the top bit.</param>
/// <param name="Epilogue">How sums become outputs.</param>
internal readonly record struct DepthwiseShape(
    Window2D Window, int LayerRows, int Rows, VectorWidth Width, int Groups, bool Masked, bool Flip, Int8Epilogue Epilogue)
{
    /// <summary>The window without what the code does not depend on, so that more layers share a function.</summary>
    public static Window2D For(in Window2D window) => window with
    {
        Batch = 1, InputHeight = 1, OutputHeight = 1, StrideHeight = 1, DilationHeight = 1, PadTop = 0,
    };
}

/// <summary>Arguments of an assembled depthwise convolution: one or two output rows, a number of panels of channels.</summary>
internal unsafe struct DepthwiseArguments
{
    public const int RowsAt = 0, PanelAt = 8, ConstantsAt = 16, OutputAt = 24, SecondOutputAt = 32, PanelsAt = 40, MaskAt = 48;

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

    /// <summary>The channels there are, one bit each.</summary>
    public ulong Mask;
}
