using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>Zeros, to which slices are added where indices say.</summary>
/// <typeparam name="T">The numbers.</typeparam>
/// <param name="name">The output, for messages.</param>
/// <param name="sizes">The sizes that the indices count in.</param>
/// <param name="slice">Numbers of a slice.</param>
internal sealed class ScatterNdKernel<T>(string name, int[] sizes, int slice) : Kernel
    where T : unmanaged, INumber<T>
{
    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<int> indices = args.Input<int>(0);
        ReadOnlySpan<T> x = args.Input<T>(1);
        Span<T> y = args.Output<T>(0);
        y.Clear();
        for (int i = 0, from = 0; from < x.Length; from += slice)
        {
            int at = 0;
            foreach (int size in sizes)
            {
                int index = indices[i++];
                if ((uint)index >= (uint)size)
                    throw new ArgumentException($"SCATTER_ND of '{name}': index {index} does not exist in a dimension of {size}.");
                at = (at * size) + index;
            }
            for (int k = 0; k < slice; k++)
                y[(at * slice) + k] = unchecked(y[(at * slice) + k] + x[from + k]);
        }
    }
}
