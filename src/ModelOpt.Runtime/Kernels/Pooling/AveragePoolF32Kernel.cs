using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Pooling;

/// <summary>Mean of the window's pixels that lie inside of the input, summed row by row in float32.</summary>
internal sealed class AveragePoolF32Kernel(Window2D window, float min, float max) : PoolKernel(window)
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Pool(in KernelArguments args, int first, int rowStride, int rows, int columns, int output)
    {
        ref float x = ref Unsafe.Add(ref MemoryMarshal.GetReference(args.Input<float>(0)), first);
        ref float y = ref Unsafe.Add(ref MemoryMarshal.GetReference(args.Output<float>(0)), output);
        float count = rows * columns;
        int c = 0;
        for (; c <= Channels - Vector<float>.Count; c += Vector<float>.Count)
        {
            var sum = Vector<float>.Zero;
            for (int r = 0; r < rows; r++)
            {
                for (int k = 0; k < columns; k++)
                {
                    ref float source = ref Unsafe.Add(ref x, (r * rowStride) + (k * Channels) + c);
                    sum += Unsafe.ReadUnaligned<Vector<float>>(ref Unsafe.As<float, byte>(ref source));
                }
            }
            Vector<float> mean = Vector.Min(
                Vector.Max(sum / new Vector<float>(count), new Vector<float>(min)), new Vector<float>(max));
            Unsafe.WriteUnaligned(ref Unsafe.As<float, byte>(ref Unsafe.Add(ref y, c)), mean);
        }
        for (; c < Channels; c++)
        {
            float sum = 0;
            for (int r = 0; r < rows; r++)
            {
                for (int k = 0; k < columns; k++)
                    sum += Unsafe.Add(ref x, (r * rowStride) + (k * Channels) + c);
            }
            Unsafe.Add(ref y, c) = MathF.Min(MathF.Max(sum / count, min), max);
        }
    }
}
