using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;

namespace ModelOpt.Runtime.Kernels.Convolution;

/// <summary>Runs of neighbouring input elements under the window of one group.</summary>
/// <param name="Count">Runs.</param>
/// <param name="Elements">Of a run.</param>
/// <param name="StepElements">Elements that are multiplied at once.</param>
internal readonly record struct ConvolutionRuns(int Count, int Elements, int StepElements)
{
    /// <summary>Steps of a run.</summary>
    public int Steps => (Elements + StepElements - 1) / StepElements;

    /// <summary>Weights of an output channel.</summary>
    public int Weights => Count * Elements;
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
        Mask = ulong.MaxValue >> (64 - Math.Clamp(constants.Columns - (constants.Layout.Lanes * constants.Layout.LastUnit), 1, 64));
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
    /// <param name="offsets">Bytes from the input to each run.</param>
    /// <param name="tile">The tiles' shape but for pixels, registers and mask.</param>
    /// <param name="code">Receives the assembled functions.</param>
    public static ConvolutionPanel[] CreateAll(
        Window2D window, int groups, Int8Blocking blocking, ConvolutionRuns runs, LayerSums layer, ReadOnlySpan<sbyte> weights,
        ReadOnlySpan<long> offsets, Int8TileShape tile, AssembledCode code)
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
                    layout, tile.Product, tile.Flip, offsets, runs.Elements, weights.Slice(channel * runs.Weights, columns * runs.Weights),
                    layer.Starts.AsSpan(channel, columns), layer.Multipliers.AsSpan(channel, columns));
                int tail = columns < layout.Channels ? UnitTail.Of(code.Target, columns - (layout.Lanes * layout.LastUnit)) : 0;
                Int8TileShape shape = tile with
                {
                    Rows = blocking.Rows, Layout = layout, Tail = tail, Split = constants.HasSplit, Complements = constants.HasComplements,
                };
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
