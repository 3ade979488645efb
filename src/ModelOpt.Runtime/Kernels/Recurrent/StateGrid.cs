using System.Runtime.InteropServices;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Recurrent;

/// <summary>How the state of a layer is stored, and rounded after each step: float32, or int8 or int16 with a scale.</summary>
internal readonly record struct StateGrid(TensorType Type, float Scale, int ZeroPoint)
{
    /// <summary>That of a tensor.</summary>
    public static StateGrid Of(Tensor tensor) =>
        tensor.Type == TensorType.Float32 ? new(tensor.Type, 1, 0) : new(tensor.Type, tensor.Scale, tensor.ZeroPoint);

    /// <summary>The real numbers that are stored.</summary>
    public void Load(ReadOnlySpan<byte> stored, Span<float> real)
    {
        if (Type == TensorType.Float32)
        {
            MemoryMarshal.Cast<byte, float>(stored).CopyTo(real);
            return;
        }

        for (int i = 0; i < real.Length; i++)
        {
            int value = Type == TensorType.Int8 ? (sbyte)stored[i] : MemoryMarshal.Read<short>(stored[(2 * i)..]);
            real[i] = (value - ZeroPoint) * Scale;
        }
    }

    /// <summary>Stores real numbers.</summary>
    public void Store(ReadOnlySpan<float> real, Span<byte> stored)
    {
        if (Type == TensorType.Float32)
        {
            real.CopyTo(MemoryMarshal.Cast<byte, float>(stored));
            return;
        }

        for (int i = 0; i < real.Length; i++)
        {
            if (Type == TensorType.Int8)
                stored[i] = (byte)AffineQuantizer.Quantize<sbyte>(real[i], Scale, ZeroPoint);
            else
                MemoryMarshal.Write(stored[(2 * i)..], AffineQuantizer.Quantize<short>(real[i], Scale, ZeroPoint));
        }
    }

    /// <summary>Rounds real numbers as they are stored.</summary>
    public void Round(Span<float> real)
    {
        if (Type == TensorType.Float32)
            return;
        foreach (ref float value in real)
        {
            value = Type == TensorType.Int8
                ? (AffineQuantizer.Quantize<sbyte>(value, Scale, ZeroPoint) - ZeroPoint) * Scale
                : (AffineQuantizer.Quantize<short>(value, Scale, ZeroPoint) - ZeroPoint) * Scale;
        }
    }
}
