using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Depthwise;

/// <summary>
/// Constants of neighbouring panels of channels in the order in which assembled depthwise code reads them. Interleaving two
/// bytes and then two words leaves channels 4g…4g + 3 of each 16 in register g; per such group there are the plan's weights,
/// the starts and the multipliers, a register each. Weights are four bytes, or two int16 where there is no dot product.
/// </summary>
internal sealed unsafe class DepthwisePanels
{
    private readonly AlignedBuffer<byte> _bytes;

    /// <param name="plan">Gives the weights.</param>
    /// <param name="width">Channels of a panel are the bytes of a register of this width.</param>
    /// <param name="flat">A panel holds all channels several times over.</param>
    /// <param name="panels">Number of panels.</param>
    /// <param name="first">First channel.</param>
    /// <param name="weights">[taps, channels]; channels beyond the last one get zeros.</param>
    /// <param name="starts">[channels] where the sums start.</param>
    /// <param name="multipliers">[channels] of the sums.</param>
    public DepthwisePanels(
        DepthwisePlan plan, VectorWidth width, bool flat, int panels, int first, ReadOnlySpan<sbyte> weights,
        ReadOnlySpan<int> starts, ReadOnlySpan<float> multipliers)
    {
        int channels = starts.Length, bytes = 16 << (int)width, groupBytes = GroupBytes(plan, width);
        _bytes = new AlignedBuffer<byte>(panels * Bytes(plan, width));
        fixed (sbyte* from = weights)
        {
            for (int at = 0; at < panels * bytes && (flat || first + at < channels); at++)
            {
                (int panel, int i) = Math.DivRem(at, bytes);
                int channel = flat ? at % channels : first + at;
                int group = i % 16 / 4, lane = (i / 16 * 4) + (i % 4);
                byte* to = _bytes.Pointer + (((panel * 4) + group) * groupBytes) + (4 * lane);
                PackWeights(plan, from + channel, channels, to, bytes);
                *(int*)(to + StartAt(plan, width)) = starts[channel];
                *(float*)(to + MultiplierAt(plan, width)) = multipliers[channel];
            }
        }
    }

    /// <summary>Valid while this object is alive.</summary>
    public byte* Pointer => _bytes.Pointer;

    private static void PackWeights(DepthwisePlan plan, sbyte* from, int channels, byte* to, int stride)
    {
        foreach (int[] taps in plan.Weights)
        {
            for (int j = 0; j < taps.Length; j++)
            {
                sbyte weight = taps[j] < 0 ? (sbyte)0 : from[taps[j] * channels];
                if (taps.Length == 4)
                    to[j] = (byte)weight;
                else
                    ((short*)to)[j] = weight;
            }

            to += stride;
        }
    }

    /// <summary>Size of a panel.</summary>
    public static int Bytes(DepthwisePlan plan, VectorWidth width) => 4 * GroupBytes(plan, width);

    /// <summary>Size of a group of a panel.</summary>
    public static int GroupBytes(DepthwisePlan plan, VectorWidth width) =>
        (plan.Weights.Length + 2) * (16 << (int)width);

    /// <summary>A weight of the plan in its group.</summary>
    public static int WeightAt(int weight, VectorWidth width) => weight * (16 << (int)width);

    /// <summary>The starts in their group.</summary>
    public static int StartAt(DepthwisePlan plan, VectorWidth width) => WeightAt(plan.Weights.Length, width);

    /// <summary>The multipliers in their group.</summary>
    public static int MultiplierAt(DepthwisePlan plan, VectorWidth width) =>
        StartAt(plan, width) + (16 << (int)width);
}
