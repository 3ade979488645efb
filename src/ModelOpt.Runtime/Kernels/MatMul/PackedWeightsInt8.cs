using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.MatMul;

/// <summary>
/// Constant weights in the order in which <see cref="Int8MicroKernel"/> reads them: groups of output channels, in each
/// panels of the kernel's width, in each the lanes of k, in each one lane of the form per column. Channels beyond the last and missing
/// elements of a last lane are zero.
/// </summary>
internal sealed unsafe class PackedWeightsInt8
{
    private readonly AlignedBuffer<int> _panels;

    /// <param name="form">Form of the lanes.</param>
    /// <param name="width">Columns of a panel.</param>
    /// <param name="weights">[groups·outputs, k], int8, or uint8 with <paramref name="unsigned"/>.</param>
    /// <param name="groups">Groups of output channels; each has its own inputs.</param>
    /// <param name="outputs">Output channels of a group.</param>
    /// <param name="k">Elements of one output channel.</param>
    /// <param name="zeroPoint">Subtracted from each weight. Quads take differences that are int8.</param>
    /// <param name="unsigned">The weights are uint8.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public PackedWeightsInt8(
        Int8Form form, int width, ReadOnlySpan<byte> weights, int groups, int outputs, int k, int zeroPoint, bool unsigned)
    {
        Lanes = form.Lanes(k);
        int elements = form.LaneElements(), bits = 32 / elements;
        uint mask = uint.MaxValue >> (32 - bits);
        PanelsPerGroup = (outputs + width - 1) / width;
        PanelWidth = width;
        _panels = new AlignedBuffer<int>(checked(groups * PanelsPerGroup * Lanes * width));
        for (int group = 0; group < groups; group++)
        {
            for (int channel = 0; channel < outputs; channel++)
            {
                ReadOnlySpan<byte> row = weights.Slice(((group * outputs) + channel) * k, k);
                int* panel = Panel(group, channel / width) + (channel % width);
                for (int p = 0; p < k; p += elements, panel += width)
                {
                    uint lane = 0;
                    for (int i = Math.Min(elements, k - p) - 1; i >= 0; i--)
                        lane = (lane << bits) | ((uint)((unsigned ? row[p + i] : (sbyte)row[p + i]) - zeroPoint) & mask);
                    *panel = (int)lane;
                }
            }
        }
    }

    public int Lanes { get; }

    public int PanelWidth { get; }

    public int PanelsPerGroup { get; }

    /// <summary>[Lanes, PanelWidth]; valid while this object is alive.</summary>
    public int* Panel(int group, int panel) =>
        _panels.Pointer + ((((nint)group * PanelsPerGroup) + panel) * Lanes * PanelWidth);
}
