using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>A simple function of each element.</summary>
internal sealed class UnaryF32Kernel<TFunction>(int elements, TFunction function) : ElementwiseKernel(elements, 1)
    where TFunction : struct, IUnaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void RunRange(in KernelArguments args, int first, int length)
    {
        ref float x = ref Unsafe.Add(ref MemoryMarshal.GetReference(args.Input<float>(0)), first);
        ref float y = ref Unsafe.Add(ref MemoryMarshal.GetReference(args.Output<float>(0)), first);
        int i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var value = Unsafe.ReadUnaligned<Vector<float>>(ref Unsafe.As<float, byte>(ref Unsafe.Add(ref x, i)));
            Unsafe.WriteUnaligned(ref Unsafe.As<float, byte>(ref Unsafe.Add(ref y, i)), function.Apply(value));
        }
        for (; i < length; i++)
            Unsafe.Add(ref y, i) = function.Apply(Unsafe.Add(ref x, i));
    }
}
