using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>For each id, the greatest of the slices that have it; the lowest number there is where none has.</summary>
/// <typeparam name="T">The numbers.</typeparam>
/// <param name="name">The output, for messages.</param>
/// <param name="count">How many ids there are.</param>
/// <param name="slice">Numbers of a slice.</param>
internal sealed class UnsortedSegmentMaxKernel<T>(string name, int count, int slice) : Kernel
    where T : unmanaged, INumber<T>, IMinMaxValue<T>
{
    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<T> x = args.Input<T>(0);
        ReadOnlySpan<int> ids = args.Input<int>(1);
        Span<T> y = args.Output<T>(0);
        y.Fill(T.MinValue);
        for (int i = 0; i < ids.Length; i++)
        {
            if ((uint)ids[i] >= (uint)count)
                throw new ArgumentException($"UNSORTED_SEGMENT_MAX of '{name}': id {ids[i]} does not exist among {count}.");
            ReadOnlySpan<T> from = x.Slice(i * slice, slice);
            Span<T> to = y.Slice(ids[i] * slice, slice);
            for (int k = 0; k < slice; k++)
                to[k] = T.Max(to[k], from[k]);
        }
    }
}
