using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Data;

/// <summary>
/// How the elements of a stored sample lie in a model's input. Both are a matrix of channels and pixels, one row a channel
/// (NCHW) or one row a pixel (NHWC).
/// </summary>
/// <param name="Dims">The input's sizes, the batch being 1.</param>
/// <param name="ChannelsLast">Whether the input's rows are pixels.</param>
/// <param name="Transposed">Whether the stored rows are the input's columns.</param>
internal sealed record AxisMapping(int[] Dims, int Channels, int Pixels, bool ChannelsLast, bool Transposed)
{
    /// <summary>Finds how samples fit an input, or null where they do not.</summary>
    /// <param name="sample">A sample's sizes as stored. Sizes of 1 do not matter. Either may be flat: the sample, or the input if the
    /// sample is an image of one channel.</param>
    /// <param name="input">The input's shape; its first dimension is the batch where it is open or 1.</param>
    /// <param name="layout">The stored order of images (inputs of rank 4); for <see cref="DataLayout.Auto"/> whichever fits.</param>
    /// <param name="preferNhwc">Whether <see cref="DataLayout.Auto"/> takes what fits both orders as NHWC.</param>
    public static AxisMapping? Find(IReadOnlyList<int> sample, Shape input, DataLayout layout, bool preferNhwc)
    {
        bool hasBatch = input.Rank > 0 && (!input[0].IsKnown || input[0].Size == 1);
        if (new Shape(input.Skip(hasBatch ? 1 : 0)).ToSizes() is not { } dims) return null;
        int[] full = hasBatch ? [1, .. dims] : dims;
        if (!hasBatch || dims.Length != 3) return Fits(sample, dims) ? new(full, First(dims), Rest(dims), false, false) : null;

        bool channelsLast = IsChannelsLast(dims[0], dims[2]);
        int channels = channelsLast ? dims[2] : dims[0], pixels = channelsLast ? dims[0] * dims[1] : dims[1] * dims[2];
        int[] other = channelsLast ? [dims[2], dims[0], dims[1]] : [dims[1], dims[2], dims[0]];
        bool fits = Fits(sample, dims), fitsOther = Fits(sample, other);
        DataLayout inputLayout = channelsLast ? DataLayout.Nhwc : DataLayout.Nchw;
        bool transposed = layout != DataLayout.Auto ? layout != inputLayout
            : !fits || (fitsOther && channels > 1 && sample.Count > 1 && preferNhwc && !channelsLast);
        return (transposed ? fitsOther : fits) ? new(full, channels, pixels, channelsLast, transposed) : null;
    }

    /// <summary>
    /// Whether an input of images has its channels last, as in TFLite. Images have few; hidden layers may have many, and are NCHW in ONNX.
    /// </summary>
    /// <param name="second">The size behind the batch.</param>
    public static bool IsChannelsLast(long second, long last) => last is 1 or 3 or 4 && second is not (1 or 3 or 4);

    /// <summary>Where an element is in the input.</summary>
    public int Target(int channel, int pixel) =>
        ChannelsLast ? (pixel * Channels) + channel : (channel * Pixels) + pixel;

    /// <summary>Where an element is in the sample.</summary>
    public int Source(int channel, int pixel) =>
        ChannelsLast == Transposed ? (channel * Pixels) + pixel : (pixel * Channels) + channel;

    private static bool Fits(IReadOnlyList<int> sample, int[] dims)
    {
        int[] from = [.. sample.Where(dim => dim != 1)], to = [.. dims.Where(dim => dim != 1)];
        bool oneIsFlat = sample.Count == 1 || (dims.Length == 1 && from.Length <= 2);
        return from.SequenceEqual(to) || (oneIsFlat && Count(from) == Count(to));
    }

    private static long Count(int[] dims) => dims.Aggregate(1L, (count, dim) => count * dim);

    private static int First(int[] dims) => dims.Length == 0 ? 1 : dims[0];

    private static int Rest(int[] dims) => dims.Skip(1).Aggregate(1, (count, dim) => checked(count * dim));
}
