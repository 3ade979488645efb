using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels;

/// <summary>Tables over the 256 stored values of an 8-bit input.</summary>
internal static class QuantizationTables
{
    /// <summary>quantize(function(dequantize(q))), as ONNX Runtime's QLinear lookup tables.</summary>
    public static byte[] Create(Tensor input, Tensor output, Func<float, float> function)
    {
        byte[] table = new byte[256];
        for (int i = 0; i < table.Length; i++)
            table[i] = Quantize(function(Dequantize((byte)i, input)), output);
        return table;
    }

    public static float Dequantize(byte stored, Tensor tensor) =>
        tensor.Scale * ((tensor.Type == TensorType.UInt8 ? stored : (sbyte)stored) - tensor.ZeroPoint);

    /// <summary>clamp(rint(x / s)) + z as a stored byte. NaN gives the zero point.</summary>
    public static byte Quantize(float value, Tensor tensor)
    {
        float low = tensor.TypeMin - tensor.ZeroPoint, high = tensor.TypeMax - tensor.ZeroPoint;
        float rounded = MathF.Round(MathF.Min(MathF.Max(value / tensor.Scale, low), high));
        return (byte)((int)rounded + tensor.ZeroPoint);
    }
}
