using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Depthwise;

/// <summary>
/// Constants of neighbouring panels of channels in the order in which assembled depthwise code reads them. Interleaving two
/// bytes and then two words leaves channels 4g…4g + 3 of each 16 in register g; per such group there are the quads of weights,
/// the starts and the multipliers, a register each. Where there is no dot product, the even and the odd weights of a quad have a register
/// each, as int16.
/// </summary>
internal sealed unsafe class DepthwisePanels
{
    private readonly int _parts;
    private readonly AlignedBuffer<byte> _bytes;

    /// <param name="plan">Gives the quads of weights.</param>
    /// <param name="parts">Registers of a quad of weights.</param>
    /// <param name="width">Channels of a panel are the bytes of a register of this width.</param>
    /// <param name="flat">A panel holds all channels several times over.</param>
    /// <param name="panels">Number of panels.</param>
    /// <param name="first">First channel.</param>
    /// <param name="weights">[taps, channels]; channels beyond the last one get zeros.</param>
    /// <param name="starts">[channels] where the sums start.</param>
    /// <param name="multipliers">[channels] of the sums.</param>
    public DepthwisePanels(
        DepthwisePlan plan, int parts, VectorWidth width, bool flat, int panels, int first, ReadOnlySpan<sbyte> weights,
        ReadOnlySpan<int> starts, ReadOnlySpan<float> multipliers)
    {
        int channels = starts.Length, bytes = 16 << (int)width, groupBytes = GroupBytes(plan, parts, width);
        _parts = parts;
        _bytes = new AlignedBuffer<byte>(panels * Bytes(plan, parts, width));
        fixed (sbyte* from = weights)
        {
            for (int at = 0; at < panels * bytes && (flat || first + at < channels); at++)
            {
                (int panel, int i) = Math.DivRem(at, bytes);
                int channel = flat ? at % channels : first + at;
                int group = i % 16 / 4, lane = (i / 16 * 4) + (i % 4);
                byte* to = _bytes.Pointer + (((panel * 4) + group) * groupBytes) + (4 * lane);
                PackWeights(plan, from + channel, channels, to, bytes);
                *(int*)(to + StartAt(plan, parts, width)) = starts[channel];
                *(float*)(to + MultiplierAt(plan, parts, width)) = multipliers[channel];
            }
        }
    }

    /// <summary>Valid while this object is alive.</summary>
    public byte* Pointer => _bytes.Pointer;

    private void PackWeights(DepthwisePlan plan, sbyte* from, int channels, byte* to, int stride)
    {
        foreach (int[] taps in plan.Weights)
        {
            for (int j = 0; j < 4; j++)
            {
                sbyte weight = taps[j] < 0 ? (sbyte)0 : from[taps[j] * channels];
                if (_parts == 1)
                    to[j] = (byte)weight;
                else
                    ((short*)(to + (j % 2 * stride)))[j / 2] = weight;
            }

            to += _parts * stride;
        }
    }

    /// <summary>Size of a panel.</summary>
    public static int Bytes(DepthwisePlan plan, int parts, VectorWidth width) => 4 * GroupBytes(plan, parts, width);

    /// <summary>Size of a group of a panel.</summary>
    public static int GroupBytes(DepthwisePlan plan, int parts, VectorWidth width) =>
        ((parts * plan.Weights.Length) + 2) * (16 << (int)width);

    /// <summary>A quad of weights in its group.</summary>
    public static int WeightAt(int weight, int parts, VectorWidth width) => parts * weight * (16 << (int)width);

    /// <summary>The starts in their group.</summary>
    public static int StartAt(DepthwisePlan plan, int parts, VectorWidth width) => WeightAt(plan.Weights.Length, parts, width);

    /// <summary>The multipliers in their group.</summary>
    public static int MultiplierAt(DepthwisePlan plan, int parts, VectorWidth width) =>
        StartAt(plan, parts, width) + (16 << (int)width);
}
