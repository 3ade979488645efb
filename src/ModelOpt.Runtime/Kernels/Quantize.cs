using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelOpt.Runtime.Kernels;

/// <summary>float32 → int8 or uint8: see <see cref="FloatQuantizer"/>.</summary>
internal sealed unsafe class QuantizeKernel(int elements, FloatQuantizer quantizer) : Kernel
{
    private const int ItemLength = 4096;

    public override int Items => (elements + ItemLength - 1) / ItemLength;

    public override long Work => elements;

    public override bool ReadsAnywhere => true;

    public override void Run(in KernelArguments args, int start, int end)
    {
        int first = start * ItemLength, length = Math.Min(elements, end * ItemLength) - first;
        fixed (float* x = args.Input<float>(0))
        fixed (byte* y = args.Output<byte>(0))
            quantizer.Run(x + first, y + first, length);
    }
}

/// <summary>int8 or uint8 → float32: (q − z)·s.</summary>
/// <param name="elements">Number of elements.</param>
/// <param name="scale">s.</param>
/// <param name="zeroPoint">z, in int8's range.</param>
/// <param name="flip">0x80 for uint8.</param>
internal sealed class DequantizeKernel(int elements, float scale, int zeroPoint, byte flip) : Kernel
{
    private const int ItemLength = 4096;

    public override int Items => (elements + ItemLength - 1) / ItemLength;

    public override long Work => elements;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(in KernelArguments args, int start, int end)
    {
        int first = start * ItemLength, length = Math.Min(elements, end * ItemLength) - first;
        ref byte x = ref QuantizedBytes.Reference(args.Input<byte>(0), first);
        ref float y = ref Unsafe.Add(ref MemoryMarshal.GetReference(args.Output<float>(0)), first);
        Vector<float> zero = new(zeroPoint), s = new(scale);
        int i = 0;
        for (; i <= length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            QuantizedBytes.Load(ref Unsafe.Add(ref x, i), flip, out var v0, out var v1, out var v2, out var v3);
            Write(ref y, i, (v0 - zero) * s);
            Write(ref y, i + Vector<float>.Count, (v1 - zero) * s);
            Write(ref y, i + (2 * Vector<float>.Count), (v2 - zero) * s);
            Write(ref y, i + (3 * Vector<float>.Count), (v3 - zero) * s);
        }
        for (; i < length; i++)
            Unsafe.Add(ref y, i) = Scalar(Unsafe.Add(ref x, i));
    }

    /// <summary>One element: the oracle of the vector loop, and its tail.</summary>
    public float Scalar(byte value) => (QuantizedBytes.Load(value, flip) - zeroPoint) * scale;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(ref float destination, int index, Vector<float> value) =>
        Unsafe.WriteUnaligned(ref Unsafe.As<float, byte>(ref Unsafe.Add(ref destination, index)), value);
}

/// <summary>8-bit constants with one scale for each index of an axis → float32. Runs when the model is loaded.</summary>
internal sealed class DequantizePerChannelKernel(
    int outer, int channels, int inner, float[] scales, int[] zeroPoints, bool unsigned) : Kernel
{
    public override int Items => outer * channels;

    public override long Work => (long)Items * inner;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<byte> x = args.Input<byte>(0);
        Span<float> y = args.Output<float>(0);
        for (int item = start; item < end; item++)
        {
            int channel = item % channels;
            for (int i = item * inner; i < (item + 1) * inner; i++)
                y[i] = ((unsigned ? x[i] : (sbyte)x[i]) - zeroPoints[channel]) * scales[channel];
        }
    }
}
