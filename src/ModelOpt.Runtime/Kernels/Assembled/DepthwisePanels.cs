using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Simd;

namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>
/// Constants of neighbouring panels of channels in the order in which assembled depthwise code reads them. Interleaving two
/// bytes and then two words leaves channels 4g…4g + 3 of each 16 in register g; per such group there are the quads of weights,
/// the starts and the multipliers, a register each.
/// </summary>
internal sealed unsafe class DepthwisePanels
{
    private readonly AlignedBuffer<byte> _bytes;

    /// <param name="plan">Gives the quads of weights.</param>
    /// <param name="width">Channels of a panel are the bytes of a register of this width.</param>
    /// <param name="panels">Number of panels.</param>
    /// <param name="first">First channel.</param>
    /// <param name="weights">[taps, channels]; channels beyond the last one get zeros.</param>
    /// <param name="starts">[channels] where the sums start.</param>
    /// <param name="multipliers">[channels] of the sums.</param>
    public DepthwisePanels(
        DepthwisePlan plan, VectorWidth width, int panels, int first, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> starts,
        ReadOnlySpan<float> multipliers)
    {
        int channels = starts.Length, bytes = 16 << (int)width, panelBytes = Bytes(plan, width);
        _bytes = new AlignedBuffer<byte>(panels * panelBytes);
        for (int panel = 0; panel < panels; panel++)
        {
            for (int i = 0; i < bytes; i++)
            {
                int channel = first + (panel * bytes) + i;
                if (channel >= channels)
                    continue;
                int group = i % 16 / 4, lane = (i / 16 * 4) + (i % 4);
                Span<byte> at = _bytes.Span.Slice((panel * panelBytes) + (group * GroupBytes(plan, width)), GroupBytes(plan, width));
                for (int quad = 0; quad < plan.Weights.Count; quad++)
                {
                    for (int j = 0; j < 4; j++)
                    {
                        int tap = plan.Weights[quad][j];
                        at[WeightAt(quad, width) + (4 * lane) + j] = tap < 0 ? (byte)0 : (byte)weights[(tap * channels) + channel];
                    }
                }

                MemoryMarshal.Cast<byte, int>(at[StartAt(plan, width)..])[lane] = starts[channel];
                MemoryMarshal.Cast<byte, float>(at[MultiplierAt(plan, width)..])[lane] = multipliers[channel];
            }
        }
    }

    /// <summary>Valid while this object is alive.</summary>
    public byte* Pointer => _bytes.Pointer;

    /// <summary>Size of a panel.</summary>
    public static int Bytes(DepthwisePlan plan, VectorWidth width) => 4 * GroupBytes(plan, width);

    /// <summary>Size of a group of a panel.</summary>
    public static int GroupBytes(DepthwisePlan plan, VectorWidth width) => (plan.Weights.Count + 2) * (16 << (int)width);

    /// <summary>A quad of weights in its group.</summary>
    public static int WeightAt(int weight, VectorWidth width) => weight * (16 << (int)width);

    /// <summary>The starts in their group.</summary>
    public static int StartAt(DepthwisePlan plan, VectorWidth width) => WeightAt(plan.Weights.Count, width);

    /// <summary>The multipliers in their group.</summary>
    public static int MultiplierAt(DepthwisePlan plan, VectorWidth width) => WeightAt(plan.Weights.Count + 1, width);
}
