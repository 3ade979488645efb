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
