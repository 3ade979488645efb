using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Quantize;

/// <summary>float32 → int8 or uint8: see <see cref="FloatQuantizer"/>.</summary>
internal sealed unsafe class QuantizeKernel(int elements, FloatQuantizer quantizer) : ElementwiseKernel(elements)
{
    public override bool ReadsAnywhere => true;

    protected override void RunRange(in KernelArguments args, int first, int length)
    {
        fixed (float* x = args.Input<float>(0))
        fixed (byte* y = args.Output<byte>(0))
            quantizer.Run(x + first, y + first, length);
    }
}
