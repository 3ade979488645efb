using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>
/// Weights, starts and multipliers of the output channels of a panel in the order in which assembled tiles read them: lanes
/// as in <see cref="PanelLayout"/>, four weights in each. Channels beyond the last are zero.
/// </summary>
internal sealed unsafe class Int8Panel
{
    private readonly AlignedBuffer<int> _weights;
    private readonly AlignedBuffer<int> _starts;
    private readonly AlignedBuffer<float> _multipliers;

    /// <param name="layout">Registers.</param>
    /// <param name="runs">Runs per channel.</param>
    /// <param name="runBytes">Weights of a run; padded with zeros to whole steps of four.</param>
    /// <param name="weights">[columns, runs, runBytes].</param>
    /// <param name="starts">[columns].</param>
    /// <param name="multipliers">[columns].</param>
    public Int8Panel(
        PanelLayout layout, int runs, int runBytes, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> starts,
        ReadOnlySpan<float> multipliers)
    {
        Layout = layout;
        Columns = starts.Length;
        int steps = (runBytes + 3) / 4, stride = layout.Vectors * 16;
        _weights = new AlignedBuffer<int>(checked(runs * steps * stride));
        _starts = new AlignedBuffer<int>(stride);
        _multipliers = new AlignedBuffer<float>(stride);
        fixed (sbyte* from = weights)
        {
            for (int vector = 0; vector < layout.Vectors; vector++)
            {
                for (int lane = 0; lane < 16; lane++)
                {
                    int channel = layout.Channel(vector, lane);
                    if (channel >= Columns)
                        continue;
                    int at = (vector * 16) + lane;
                    _starts.Pointer[at] = starts[channel];
                    _multipliers.Pointer[at] = multipliers[channel];
                    Spread((byte*)from + ((nint)channel * runs * runBytes), runs, runBytes, _weights.Pointer + at, stride);
                }
            }
        }
    }

    public PanelLayout Layout { get; }

    public int Columns { get; }

    public sbyte* Weights => (sbyte*)_weights.Pointer;

    public int* Starts => _starts.Pointer;

    public float* Multipliers => _multipliers.Pointer;

    /// <summary>Writes every four weights of each run to the next step's place, the last ones of a run padded with zeros.</summary>
    private static void Spread(byte* weights, int runs, int runBytes, int* target, nint stride)
    {
        for (int run = 0; run < runs; run++, weights += runBytes)
        {
            int k = 0;
            for (; k <= runBytes - 4; k += 4, target += stride)
                *target = Unsafe.ReadUnaligned<int>(weights + k);
            if (k == runBytes)
                continue;
            int last = 0;
            for (int i = runBytes - 1; i >= k; i--)
                last = (last << 8) | weights[i];
            *target = last;
            target += stride;
        }
    }
}
