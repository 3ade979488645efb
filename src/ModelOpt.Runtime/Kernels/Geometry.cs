namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// Shape of a 2-D window operation over NHWC data. The window of output (oy, ox) starts at input
/// (oy·StrideHeight − PadTop, ox·StrideWidth − PadLeft); positions outside of the input count as padding, so padding at
/// the bottom and right follows from the output size.
/// </summary>
internal readonly record struct Window2D(
    int Batch,
    int InputHeight,
    int InputWidth,
    int InputChannels,
    int OutputHeight,
    int OutputWidth,
    int OutputChannels,
    int KernelHeight,
    int KernelWidth,
    int StrideHeight,
    int StrideWidth,
    int DilationHeight,
    int DilationWidth,
    int PadTop,
    int PadLeft)
{
    /// <summary>Whether each output pixel depends on the input pixel at its own place alone.</summary>
    public bool IsPointwise =>
        this is { KernelHeight: 1, KernelWidth: 1, StrideHeight: 1, StrideWidth: 1, PadTop: 0, PadLeft: 0 }
        && OutputHeight == InputHeight && OutputWidth == InputWidth;

    /// <summary>
    /// The same operation with its positions in a row where they are a column, as those of a sequence: weights, input and output lie as
    /// before, and kernels find neighbours in rows.
    /// </summary>
    public Window2D Lying() => this is not { InputWidth: 1, OutputWidth: 1, KernelWidth: 1, PadLeft: 0 } ? this : this with
    {
        InputHeight = 1,
        InputWidth = InputHeight,
        OutputHeight = 1,
        OutputWidth = OutputHeight,
        KernelHeight = 1,
        KernelWidth = KernelHeight,
        StrideHeight = 1,
        StrideWidth = StrideHeight,
        DilationHeight = 1,
        DilationWidth = DilationHeight,
        PadTop = 0,
        PadLeft = PadTop,
    };
}

/// <summary>Where a result's channels lie in pixels that it shares with other results.</summary>
/// <param name="Pitch">Channels of all results together.</param>
/// <param name="First">Channels of the results before.</param>
internal readonly record struct ChannelPlace(int Pitch, int First);

/// <summary>
/// Quantization of a layer with weights. Accumulator multiplier of output channel c is
/// (InputScale·WeightScales[c])/OutputScale, computed in float32 in that order.
/// </summary>
/// <param name="InputScale">Scale of the activations.</param>
/// <param name="InputZeroPoint">Zero point of the activations, in the element type's own range.</param>
/// <param name="WeightScales">One scale per output channel, or a single one.</param>
/// <param name="WeightZeroPoint">Zero point of all weights: 0 but in the older uint8 scheme.</param>
/// <param name="OutputScale">Scale of the output.</param>
/// <param name="OutputZeroPoint">Zero point of the output.</param>
/// <param name="OutputMin">Lowest quantized output, with the fused activation applied.</param>
/// <param name="OutputMax">Highest quantized output, with the fused activation applied.</param>
internal sealed record LayerQuantization(
    float InputScale,
    int InputZeroPoint,
    float[] WeightScales,
    int WeightZeroPoint,
    float OutputScale,
    int OutputZeroPoint,
    int OutputMin,
    int OutputMax)
{
    /// <summary>Float multiplier of the int32 accumulator of output channel <paramref name="channel"/>.</summary>
    public float Multiplier(int channel) =>
        InputScale * WeightScales[WeightScales.Length == 1 ? 0 : channel] / OutputScale;
}
