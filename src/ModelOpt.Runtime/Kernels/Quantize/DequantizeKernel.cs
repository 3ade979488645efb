using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Quantize;

/// <summary>int8 or uint8 → float32: (q − z)·s.</summary>
/// <param name="elements">Number of elements.</param>
/// <param name="scale">s.</param>
/// <param name="zeroPoint">z, in int8's range.</param>
/// <param name="flip">0x80 for uint8.</param>
internal sealed unsafe class DequantizeKernel(int elements, float scale, int zeroPoint, byte flip) : ElementwiseKernel(elements)
{
    protected override void RunRange(in KernelArguments args, int first, int length)
    {
        int i = 0;
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
