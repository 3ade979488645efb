using System.Runtime.InteropServices;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Passes.Quantize;

/// <summary>Puts weights and biases on their integer grids.</summary>
internal static class WeightQuantizer
{
    /// <summary>The largest magnitude of a weight, so that sign and zero are exact.</summary>
    public const int MaxWeight = 127;

    /// <summary>A weight's symmetric int8 parameters, one scale per slice: <c>s = max|w| / 127</c>.</summary>
    /// <param name="weight">The float32 weight.</param>
    /// <param name="axis">The axis of the output channels, or -1 for one scale.</param>
    /// <param name="smallest">A lower bound for the scale of each slice, or empty.</param>
    public static Quantization Symmetric(Tensor weight, int axis, ReadOnlySpan<float> smallest = default)
    {
        int slices = axis < 0 ? 1 : weight.Dims[axis];
        float[] scales = new float[slices];
        ReadOnlySpan<float> values = weight.Span<float>();
        int inner = Inner(weight, axis);
        for (int i = 0; i < values.Length; i++)
        {
            ref float largest = ref scales[axis < 0 ? 0 : i / inner % slices];
            largest = MathF.Max(largest, MathF.Abs(values[i]));
        }

        for (int c = 0; c < slices; c++)
        {
            scales[c] = scales[c] == 0 ? 1 : scales[c] / MaxWeight;
            if (!smallest.IsEmpty) scales[c] = MathF.Max(scales[c], smallest[c]);
        }

        return new Quantization(ElementType.Int8, scales, new int[slices], axis);
    }

    /// <summary>A constant's asymmetric int8 parameters, from its smallest and largest element and zero.</summary>
    /// <param name="constant">The float32 constant.</param>
    public static Quantization Asymmetric(Tensor constant)
    {
        Calibration.ValueRange range = new(0, 0);
        foreach (float value in constant.Span<float>()) range = range.Union(new(value, value));
        return range.ToQuantization();
    }

    /// <summary>The integers of a constant: <c>clamp(rint(x / s) + z)</c>; int8 weights stay within ±127.</summary>
    /// <param name="constant">The float32 constant.</param>
    /// <param name="quantization">Its parameters; int8, uint8 or int32.</param>
    /// <returns>A tensor of the parameters' type and the constant's shape.</returns>
    public static Tensor Quantize(Tensor constant, Quantization quantization)
    {
        Tensor result = Tensor.Zeros(quantization.Type, constant.Dims);
        ReadOnlySpan<float> values = constant.Span<float>();
        int inner = Inner(constant, quantization.Axis);
        int slices = quantization.Scales.Count;
        (double low, double high) = quantization.Type switch
        {
            ElementType.Int8 => (quantization.IsPerTensor && quantization.ZeroPoint != 0 ? -128 : -127, 127),
            ElementType.UInt8 => (0, 255),
            _ => (int.MinValue, (double)int.MaxValue),
        };
        Span<byte> bytes = result.Bytes.Span;
        for (int i = 0; i < values.Length; i++)
        {
            int slice = quantization.IsPerTensor ? 0 : i / inner % slices;
            // In float for int8, as every other runtime rounds; in double for int32, whose values float cannot hold.
            double scaled = quantization.Type == ElementType.Int32
                ? Math.Round((double)values[i] / quantization.Scales[slice])
                : MathF.Round(values[i] / quantization.Scales[slice]);
            int q = (int)Math.Clamp(scaled + quantization.ZeroPoints[slice], low, high);
            if (quantization.Type == ElementType.Int32) MemoryMarshal.Write(bytes[(4 * i)..], q);
            else bytes[i] = (byte)q;
        }

        return result;
    }

    /// <summary>The real numbers that a constant's integers stand for.</summary>
    /// <param name="integers">A tensor of the parameters' type.</param>
    /// <param name="quantization">The parameters.</param>
    public static Tensor Dequantize(Tensor integers, Quantization quantization)
    {
        Tensor result = Tensor.Zeros(ElementType.Float32, integers.Dims);
        Span<float> values = result.Span<float>();
        ReadOnlySpan<byte> bytes = integers.Bytes.Span;
        int inner = Inner(integers, quantization.Axis);
        int slices = quantization.Scales.Count;
        for (int i = 0; i < values.Length; i++)
        {
            int slice = quantization.IsPerTensor ? 0 : i / inner % slices;
            int q = quantization.Type switch
            {
                ElementType.Int8 => (sbyte)bytes[i],
                ElementType.UInt8 => bytes[i],
                _ => MemoryMarshal.Read<int>(bytes[(4 * i)..]),
            };
            values[i] = (q - quantization.ZeroPoints[slice]) * quantization.Scales[slice];
        }

        return result;
    }

    /// <summary>The number of elements between two slices along an axis.</summary>
    private static int Inner(Tensor tensor, int axis)
    {
        int inner = 1;
        for (int i = axis + 1; axis >= 0 && i < tensor.Rank; i++) inner *= tensor.Dims[i];
        return inner;
    }
}
