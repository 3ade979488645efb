using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>One element where the index says, another elsewhere: [outer, depth, inner] of indices [outer, inner].</summary>
/// <typeparam name="T">An unsigned integer of the elements' size.</typeparam>
/// <typeparam name="TIndex">The type of the indices; those outside of the depth say nowhere.</typeparam>
internal sealed class OneHotKernel<T, TIndex>(int outer, int depth, int inner) : Kernel
    where T : unmanaged
    where TIndex : unmanaged, INumber<TIndex>
{
    public override long Work => (long)outer * depth * inner;

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<TIndex> indices = args.Input<TIndex>(0);
        T on = args.Input<T>(2)[0], off = args.Input<T>(3)[0];
        Span<T> y = args.Output<T>(0);
        y.Fill(off);
        for (int i = 0; i < indices.Length; i++)
        {
            long index = long.CreateSaturating(indices[i]);
            if ((ulong)index < (ulong)depth)
                y[(((i / inner * depth) + (int)index) * inner) + (i % inner)] = on;
        }
    }
}
