using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>
/// output[o, i, …] = input[o, indices[s, i], …], in slices of <paramref name="sliceBytes"/>; s counts samples, each with indices of its
/// own.
/// </summary>
/// <param name="shared">How many o one after another have the same indices.</param>
internal sealed class GatherKernel<TIndex>(string name, int outer, int shared, int size, int count, int sliceBytes) : Kernel
    where TIndex : unmanaged, IBinaryInteger<TIndex>
{
    public override int Items => outer;

    public override long Work => (long)outer * count * Math.Max(1, sliceBytes / 16);

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<byte> x = args.Input<byte>(0);
        ReadOnlySpan<TIndex> indices = args.Input<TIndex>(1);
        Span<byte> y = args.Output<byte>(0);
        for (int o = start; o < end; o++)
        {
            ReadOnlySpan<TIndex> own = indices.Slice(o / shared * count, count);
            for (int i = 0; i < count; i++)
            {
                long index = long.CreateSaturating(own[i]);
                // Negative ones count from the end, as in ONNX.
                if (index < 0)
                    index += size;
                if ((ulong)index >= (ulong)size)
                    throw new ArgumentException(
                        $"GATHER of '{name}': index {index} does not exist in a dimension of {size}.");
                int from = ((o * size) + (int)index) * sliceBytes, to = ((o * count) + i) * sliceBytes;
                x.Slice(from, sliceBytes).CopyTo(y[to..]);
            }
        }
    }
}
