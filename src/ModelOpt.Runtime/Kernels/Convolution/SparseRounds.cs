using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Convolution;

/// <summary>
/// The blocks of four weights of a matrix that are not all zero, in the order in which <see cref="SparseGemvEmitter"/> multiplies
/// them. Sixteen output channels of similar numbers of blocks are a group, each in a lane of its own, and take their blocks from left
/// to right: in each step one, if it lies in the window of 32 blocks that begins where the last of them is. A lane without one multiplies
/// by zero.
/// </summary>
internal sealed unsafe class SparseRounds
{
    /// <summary>Channels of a group.</summary>
    public const int Lanes = 16;

    /// <summary>Steps of a round. Their picks share a register, one byte of each lane for a step.</summary>
    public const int Steps = 4;

    /// <summary>Steps with the same window.</summary>
    public const int StepsPerWindow = 2;

    /// <summary>Bytes of a round: the picks, and the weights of each step.</summary>
    public const int Bytes = 64 * (Steps + 1);

    /// <summary>Bytes of a round's windows.</summary>
    public const int WindowBytes = Steps / StepsPerWindow * sizeof(int);

    // Of blocks. Windows begin at a cache line.
    private const int WindowLength = 32, WindowAlignment = 16;

    private readonly AlignedBuffer<byte> _data;
    private readonly AlignedBuffer<int> _windows;
    private readonly AlignedBuffer<SparseGroup> _groups;
    private readonly int[] _firstRounds;

    private SparseRounds(int[] channels, int[] firstRounds, int inputs)
    {
        Channels = channels;
        _firstRounds = firstRounds;
        InputBytes = checked(((inputs + 63) & ~63) + 64);
        _data = new AlignedBuffer<byte>(checked(Count * Bytes));
        _windows = new AlignedBuffer<int>(checked(Count * (Steps / StepsPerWindow)));
        _groups = new AlignedBuffer<SparseGroup>(Groups);
    }

    /// <summary>The channel that each lane of all groups computes; those beyond the last channel have none.</summary>
    public int[] Channels { get; }

    /// <summary>Number of groups.</summary>
    public int Groups => _firstRounds.Length - 1;

    /// <summary>Rounds of all groups.</summary>
    public int Count => _firstRounds[^1];

    /// <summary>Bytes of the input that windows reach; bytes beyond its end are multiplied by zero.</summary>
    public int InputBytes { get; }

    /// <summary>Rounds before a group.</summary>
    public int FirstRound(int group) => _firstRounds[group];

    /// <summary>The arguments of the code for the groups from one on. Valid while this object is alive.</summary>
    public SparseGemvArguments From(int group) => new()
    {
        Data = _data.Pointer + ((nint)_firstRounds[group] * Bytes),
        Windows = _windows.Pointer + ((nint)_firstRounds[group] * (Steps / StepsPerWindow)),
        Groups = _groups.Pointer + group,
    };

    /// <summary>The rounds of a matrix; null where there are more than so many.</summary>
    /// <param name="weights">[layer's channels, inputs].</param>
    /// <param name="layer">Starts and multipliers of all channels.</param>
    /// <param name="most">Rounds at most.</param>
    public static SparseRounds? TryCreate(ReadOnlySpan<sbyte> weights, LayerSums layer, double most)
    {
        int channels = layer.Starts.Length, inputs = weights.Length / channels, groups = (channels + Lanes - 1) / Lanes;
        var order = new int[channels];
        var counts = new int[channels];
        for (int channel = 0; channel < channels; channel++)
        {
            order[channel] = channel;
            counts[channel] = SparseBlocks.Count(weights.Slice(channel * inputs, inputs), inputs);
        }

        Array.Sort(counts, order);
        var firstRounds = new int[groups + 1];
        fixed (sbyte* from = weights)
        {
            for (int group = 0; group < groups; group++)
            {
                firstRounds[group + 1] = firstRounds[group] + Schedule(from, inputs, Members(order, group), null, null);
                if (firstRounds[group + 1] > most)
                    return null;
            }

            var rounds = new SparseRounds(order, firstRounds, inputs);
            for (int group = 0; group < groups; group++)
            {
                ReadOnlySpan<int> members = Members(order, group);
                SparseGemvArguments to = rounds.From(group);
                Schedule(from, inputs, members, to.Data, to.Windows);
                to.Groups->Rounds = firstRounds[group + 1] - firstRounds[group];
                for (int lane = 0; lane < members.Length; lane++)
                {
                    to.Groups->Starts[lane] = layer.Starts[members[lane]];
                    to.Groups->Multipliers[lane] = layer.Multipliers[members[lane]];
                }
            }

            return rounds;
        }
    }

    private static ReadOnlySpan<int> Members(int[] order, int group) =>
        order.AsSpan(group * Lanes, Math.Min(Lanes, order.Length - (group * Lanes)));

    /// <summary>Lets the lanes of a group take their blocks; returns the number of rounds.</summary>
    /// <param name="weights">[channels, inputs].</param>
    /// <param name="inputs">Weights of a channel.</param>
    /// <param name="members">The lanes' channels.</param>
    /// <param name="data">Receives picks and weights, zero beforehand; null to count only.</param>
    /// <param name="windows">Receives the windows.</param>
    private static int Schedule(sbyte* weights, int inputs, ReadOnlySpan<int> members, byte* data, int* windows)
    {
        int blocks = (inputs + 3) / 4, rounds = 0;
        Span<int> next = stackalloc int[Lanes];
        for (int lane = 0; lane < members.Length; lane++)
            next[lane] = NextBlock(weights + ((nint)members[lane] * inputs), inputs, 0);
        for (int window = 0; rounds == 0 || window % (Steps / StepsPerWindow) != 0 || Least(next[..members.Length]) < blocks; window++)
        {
            (int round, int half) = Math.DivRem(window, Steps / StepsPerWindow);
            rounds = round + 1;
            int begin = Least(next[..members.Length]) / WindowAlignment * WindowAlignment;
            // In a round's second half there may be nothing left.
            begin = begin < blocks ? begin : 0;
            if (data is not null)
                windows[window] = 4 * begin;
            for (int lane = 0; lane < members.Length; lane++)
            {
                sbyte* row = weights + ((nint)members[lane] * inputs);
                for (int i = 0; i < StepsPerWindow && next[lane] < Math.Min(blocks, begin + WindowLength); i++)
                {
                    int block = next[lane], step = (half * StepsPerWindow) + i;
                    next[lane] = NextBlock(row, inputs, block + 1);
                    if (data is null)
                        continue;
                    byte* to = data + ((nint)round * Bytes) + (4 * lane);
                    to[step] = (byte)(block - begin);
                    *(uint*)(to + (64 * (step + 1))) = SparseBlocks.Block(row + (4 * block), Math.Min(4, inputs - (4 * block)));
                }
            }
        }

        return rounds;
    }

    /// <summary>The first nonzero block from one on; the number of blocks if there is none.</summary>
    private static int NextBlock(sbyte* row, int inputs, int block)
    {
        while (4 * block < inputs && SparseBlocks.Block(row + (4 * block), Math.Min(4, inputs - (4 * block))) == 0)
            block++;
        return block;
    }

    private static int Least(ReadOnlySpan<int> values)
    {
        int least = int.MaxValue;
        foreach (int value in values)
            least = Math.Min(least, value);
        return least;
    }
}
