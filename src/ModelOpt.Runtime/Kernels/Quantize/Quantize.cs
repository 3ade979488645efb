using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Quantize;

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
internal sealed unsafe class DequantizeKernel(int elements, float scale, int zeroPoint, byte flip) : Kernel
{
    private const int ItemLength = 4096;

    public override int Items => (elements + ItemLength - 1) / ItemLength;

    public override long Work => elements;

    public override void Run(in KernelArguments args, int start, int end)
    {
        int first = start * ItemLength, length = Math.Min(elements, end * ItemLength) - first, i = 0;
        fixed (byte* input = args.Input<byte>(0))
        fixed (float* output = args.Output<float>(0))
        {
            byte* x = input + first;
            float* y = output + first;
            Vector128<float> zero = Vector128.Create((float)zeroPoint), s = Vector128.Create(scale);
            for (; i <= length - 16; i += 16)
            {
                Vector128<sbyte> stored = (Vector128.Load(x + i) ^ Vector128.Create(flip)).AsSByte();
                Vector128<short> low = Vector128.WidenLower(stored), high = Vector128.WidenUpper(stored);
                ((Vector128.ConvertToSingle(Vector128.WidenLower(low)) - zero) * s).Store(y + i);
                ((Vector128.ConvertToSingle(Vector128.WidenUpper(low)) - zero) * s).Store(y + i + 4);
                ((Vector128.ConvertToSingle(Vector128.WidenLower(high)) - zero) * s).Store(y + i + 8);
                ((Vector128.ConvertToSingle(Vector128.WidenUpper(high)) - zero) * s).Store(y + i + 12);
            }

            for (; i < length; i++)
                y[i] = Scalar(x[i]);
        }
    }

    /// <summary>One element: the oracle of the vector loop, and its tail.</summary>
    public float Scalar(byte value) => (QuantizedBytes.Load(value, flip) - zeroPoint) * scale;
}

/// <summary>8-bit constants with one scale for each index of an axis → float32. Runs when the model is loaded.</summary>
internal sealed class DequantizePerChannelKernel(
    int outer, int channels, int inner, float[] scales, int[] zeroPoints, bool unsigned) : Kernel
{
    public override int Items => outer * channels;

    public override long Work => (long)Items * inner;

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
