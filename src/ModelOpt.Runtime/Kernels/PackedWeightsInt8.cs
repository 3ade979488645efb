using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Kernels.Simd;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// Constant weights in the order in which <see cref="Int8MicroKernel"/> reads them: groups of output channels, in each
/// panels of the kernel's width, in each the pairs of k, in each one pair of int16 per column. Channels beyond the last and
/// an odd last element are zero.
/// </summary>
internal sealed unsafe class PackedWeightsInt8
{
    private readonly AlignedBuffer<int> _panels;

    /// <param name="kernel">The micro-kernel that will read the panels.</param>
    /// <param name="weights">[groups·outputs, k], int8, or uint8 with <paramref name="unsigned"/>.</param>
    /// <param name="groups">Groups of output channels; each has its own inputs.</param>
    /// <param name="outputs">Output channels of a group.</param>
    /// <param name="k">Elements of one output channel.</param>
    /// <param name="zeroPoint">Subtracted from each weight.</param>
    /// <param name="unsigned">The weights are uint8.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public PackedWeightsInt8(
        Int8MicroKernel kernel, ReadOnlySpan<byte> weights, int groups, int outputs, int k, int zeroPoint, bool unsigned)
    {
        int width = kernel.PanelWidth;
        Pairs = Int8MicroKernel.Pairs(k);
        PanelsPerGroup = (outputs + width - 1) / width;
        PanelWidth = width;
        _panels = new AlignedBuffer<int>(checked(groups * PanelsPerGroup * Pairs * width));
        for (int group = 0; group < groups; group++)
        {
            for (int channel = 0; channel < outputs; channel++)
            {
                ReadOnlySpan<byte> row = weights.Slice(((group * outputs) + channel) * k, k);
                int* panel = Panel(group, channel / width) + (channel % width);
                for (int p = 0; p < k; p += 2, panel += width)
                {
                    int low = (unsigned ? row[p] : (sbyte)row[p]) - zeroPoint;
                    int high = p + 1 == k ? 0 : (unsigned ? row[p + 1] : (sbyte)row[p + 1]) - zeroPoint;
                    *panel = (low & 0xffff) | (high << 16);
                }
            }
        }
    }

    public int Pairs { get; }

    public int PanelWidth { get; }

    public int PanelsPerGroup { get; }

    /// <summary>[Pairs, PanelWidth]; valid while this object is alive.</summary>
    public int* Panel(int group, int panel) =>
        _panels.Pointer + ((((nint)group * PanelsPerGroup) + panel) * Pairs * PanelWidth);
}
