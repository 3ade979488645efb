using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Simd;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Operators;

/// <summary>QUANTIZE (from float, or from one quantization to another) and DEQUANTIZE (also of float16).</summary>
internal static class QuantizeOperator
{
    public static Kernel CreateQuantize(Node node)
    {
        Tensor input = node.Input(0), output = node.Output;
        node.Require(input.Elements == output.Elements, "input and output have different shapes");
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

    public static Kernel CreateDequantize(Node node)
    {
        Tensor input = node.Input(0), output = node.Output;
        node.Require(input.Elements == output.Elements, "input and output have different shapes");
        if (output.Type != TensorType.Float32)
            throw node.UnsupportedTypes();
        if (input.Type == TensorType.Float16)
            return new CastKernel<Half, float>(input.Elements);
        if (!input.IsQuantized8)
            throw node.UnsupportedTypes();
        bool unsigned = input.Type == TensorType.UInt8;
        Quantization quantization = input.Quantization!;
        if (quantization.Count == 1)
        {
            int shift = unsigned ? 128 : 0;
            return new DequantizeKernel(
                input.Elements, input.Scale, input.ZeroPoint - shift, (byte)(unsigned ? 0x80 : 0));
        }
        int axis = quantization.Axis;
        node.Require(
            (uint)axis < (uint)input.Rank && input.Shape[axis] == quantization.Count,
            $"tensor '{input.Name}' has {quantization.Count} scales, which do not fit axis {axis}");
        var zeroPoints = new int[quantization.Count];
        for (int i = 0; i < zeroPoints.Length; i++)
            zeroPoints[i] = quantization.ZeroPoint(i);
        return new DequantizePerChannelKernel(
            Product(input.Shape.AsSpan(0, axis)), input.Shape[axis], Product(input.Shape.AsSpan(axis + 1)), quantization.Scales(), zeroPoints, unsigned);
    }

    private static int Product(ReadOnlySpan<int> sizes)
    {
        int product = 1;
        foreach (int size in sizes)
            product *= size;
        return product;
    }
}
