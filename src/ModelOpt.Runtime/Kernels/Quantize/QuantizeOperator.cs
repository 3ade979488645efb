using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Simd;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Quantize;

/// <summary>QUANTIZE, from float to 8, 16 or 32 bits, or from one quantization of 8 bits to another.</summary>
internal sealed class QuantizeOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node) => [new TensorSpec(node.Output.Type, node.Input(0).Shape)];

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => OnlyFirst(node, batched);

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        Tensor input = node.Input(0), output = node.Output;
        if (input.Type == TensorType.Float32 && output.Type == TensorType.Int16)
            return new QuantizeWideKernel<short>(output.Elements, output.Scale, output.ZeroPoint);
        if (input.Type == TensorType.Float32 && output.Type == TensorType.Int32)
            return new QuantizeWideKernel<int>(output.Elements, output.Scale, output.ZeroPoint);
        if (!output.IsQuantized8)
            throw node.UnsupportedTypes();
        if (input.IsQuantized8)
            return new LookupTableKernel(input.Elements, QuantizationTables.Create(input, output, x => x));
        if (input.Type != TensorType.Float32)
            throw node.UnsupportedTypes();
        return new QuantizeKernel(output.Elements, Quantizer(output));
    }

    /// <summary>From float32 to the values of an 8-bit tensor.</summary>
    public static FloatQuantizer Quantizer(Tensor output)
    {
        int shift = output.Type == TensorType.UInt8 ? 128 : 0;
        return new FloatQuantizer(output.Scale, output.ZeroPoint - shift, (byte)shift, SimdTiers.Best);
    }
}
