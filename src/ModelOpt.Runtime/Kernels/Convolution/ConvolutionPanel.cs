using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;

namespace ModelOpt.Runtime.Kernels.Convolution;

/// <summary>Runs of neighbouring input bytes under the window of one group.</summary>
internal readonly record struct ConvolutionRuns(int Count, int Bytes)
{
    /// <summary>Steps of four bytes in a run.</summary>
    public int Steps => (Bytes + 3) / 4;

    /// <summary>Weights of an output channel.</summary>
    public int Weights => Count * Bytes;
}

/// <summary>Neighbouring output channels of a group, with the functions of both lengths of tiles.</summary>
internal sealed class ConvolutionPanel
{
    private ConvolutionPanel(Int8Panel constants, AssembledFunction longTile, AssembledFunction? shortTile, int inputChannel,
        int outputChannel)
    {
        Constants = constants;
        LongTile = longTile;
        ShortTile = shortTile;
        InputChannel = inputChannel;
        OutputChannel = outputChannel;
        Mask = ulong.MaxValue >> (64 - Math.Clamp(constants.Columns - (16 * constants.Layout.LastUnit), 1, 64));
    }

    public Int8Panel Constants { get; }

    /// <summary>Computes tiles of as many pixels as the blocking says.</summary>
    public AssembledFunction LongTile { get; }

    /// <summary>Computes tiles of one pixel less; null where a tile has one.</summary>
    public AssembledFunction? ShortTile { get; }

    /// <summary>First input channel of the group.</summary>
    public int InputChannel { get; }

    /// <summary>First output channel of the panel.</summary>
    public int OutputChannel { get; }

    /// <summary>Bytes of the last unit that are channels.</summary>
    public ulong Mask { get; }

    /// <summary>The panels of all groups.</summary>
    /// <param name="window">Shape of the operation.</param>
    /// <param name="groups">Divides both channel counts.</param>
    /// <param name="blocking">Panels of a group, and pixels of a tile.</param>
    /// <param name="runs">What an output channel sums.</param>
    /// <param name="layer">Starts and multipliers of all channels.</param>
    /// <param name="weights">[OutputChannels, runs.Weights].</param>
    /// <param name="tile">The tiles' shape but for pixels, registers and mask.</param>
    /// <param name="code">Receives the assembled functions.</param>
    public static ConvolutionPanel[] CreateAll(
        Window2D window, int groups, Int8Blocking blocking, ConvolutionRuns runs, LayerSums layer, ReadOnlySpan<sbyte> weights,
        Int8TileShape tile, AssembledCode code)
    {
        int outputs = window.OutputChannels / groups, count = blocking.Panels.Length;
        var panels = new ConvolutionPanel[groups * count];
        for (int group = 0; group < groups; group++)
        {
            int first = 0;
            for (int i = 0; i < count; i++)
            {
                PanelLayout layout = blocking.Panels[i];
                int columns = Math.Min(layout.Channels, outputs - first), channel = (group * outputs) + first;
                var constants = new Int8Panel(
                    layout, runs.Count, runs.Bytes, weights.Slice(channel * runs.Weights, columns * runs.Weights),
                    layer.Starts.AsSpan(channel, columns), layer.Multipliers.AsSpan(channel, columns));
                Int8TileShape shape = tile with { Rows = blocking.Rows, Layout = layout, Masked = columns < layout.Channels };
                panels[(group * count) + i] = new ConvolutionPanel(
                    constants,
                    code.Get(shape, Int8TileEmitter.Emit),
                    blocking.Rows > 1 ? code.Get(shape with { Rows = blocking.Rows - 1 }, Int8TileEmitter.Emit) : null,
                    group * (window.InputChannels / groups),
                    channel);
                first += columns;
            }
        }

        return panels;
    }
}
