using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Simd;

namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>
/// Weights, starts and multipliers of up to <see cref="MaxVectors"/>·16 output channels in the order in which assembled tiles
/// read them. Registers form units of four, two or one; saturating packs join the registers of a unit alternating by four
/// lanes, and channels are assigned to lanes such that the joined bytes are in channel order.
/// </summary>
internal sealed unsafe class Int8Panel
{
    /// <summary>Registers of a panel at most.</summary>
    public const int MaxVectors = 8;

    private readonly AlignedBuffer<sbyte> _weights;
    private readonly AlignedBuffer<int> _starts;
    private readonly AlignedBuffer<float> _multipliers;

    /// <param name="vectors">Registers.</param>
    /// <param name="columns">Channels, at most 16 per register.</param>
    /// <param name="runs">Runs per channel.</param>
    /// <param name="runBytes">Weights of a run; padded with zeros to whole steps of four.</param>
    /// <param name="weights">[columns, runs, runBytes].</param>
    /// <param name="starts">[columns].</param>
    /// <param name="multipliers">[columns].</param>
    public Int8Panel(
        int vectors, int columns, int runs, int runBytes, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> starts,
        ReadOnlySpan<float> multipliers)
    {
        Vectors = vectors;
        Columns = columns;
        int steps = (runBytes + 3) / 4;
        _weights = new AlignedBuffer<sbyte>(checked(runs * steps * vectors * 64));
        _starts = new AlignedBuffer<int>(vectors * 16);
        _multipliers = new AlignedBuffer<float>(vectors * 16);
        for (int vector = 0; vector < vectors; vector++)
        {
            for (int lane = 0; lane < 16; lane++)
            {
                int channel = Channel(vectors, vector, lane);
                if (channel >= columns)
                    continue;
                int at = (vector * 16) + lane;
                _starts.Pointer[at] = starts[channel];
                _multipliers.Pointer[at] = multipliers[channel];
                ReadOnlySpan<sbyte> row = weights.Slice(channel * runs * runBytes, runs * runBytes);
                Spread(row, runBytes, (int*)_weights.Pointer + at, vectors * 16);
            }
        }
    }

    public int Vectors { get; }

    public int Columns { get; }

    public sbyte* Weights => _weights.Pointer;

    public int* Starts => _starts.Pointer;

    public float* Multipliers => _multipliers.Pointer;

    /// <summary>Registers of the unit that begins at register <paramref name="vector"/>.</summary>
    public static int UnitVectors(int vectors, int vector) => (vectors - vector) switch
    {
        >= 4 => 4,
        >= 2 => 2,
        _ => 1,
    };

    /// <summary>First register of the last unit.</summary>
    public static int LastUnit(int vectors) => vectors switch
    {
        _ when vectors % 4 == 0 => vectors - 4,
        _ when vectors % 2 == 0 => vectors - 2,
        _ => vectors - 1,
    };

    /// <summary>Writes every four weights of each run to the next step's place, the last ones of a run padded with zeros.</summary>
    private static void Spread(ReadOnlySpan<sbyte> weights, int runBytes, int* target, nint stride)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(weights);
        for (; bytes.Length > 0; bytes = bytes[runBytes..])
        {
            int k = 0;
            for (; k <= runBytes - 4; k += 4, target += stride)
                *target = BinaryPrimitives.ReadInt32LittleEndian(bytes[k..]);
            if (k == runBytes)
                continue;
            int last = 0;
            for (int i = runBytes - 1; i >= k; i--)
                last = (last << 8) | bytes[i];
            *target = last;
            target += stride;
        }
    }

    /// <summary>The channel, counted from the panel's first, that a lane of a register computes.</summary>
    public static int Channel(int vectors, int vector, int lane)
    {
        int unit = 0;
        while (vector >= unit + UnitVectors(vectors, unit))
            unit += UnitVectors(vectors, unit);
        int count = UnitVectors(vectors, unit);
        return (unit * 16) + (lane / 4 * 4 * count) + ((vector - unit) * 4) + (lane % 4);
    }
}
