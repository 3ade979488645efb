using System.Numerics;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Graphs;

/// <summary>
/// Floats to the integers of a <see cref="Quantization"/> and back: <c>q = clamp(rint(x / s) + z)</c>, rint half to even;
/// <c>x = (q − z) · s</c>. A constant marked as float16 is rounded to binary16.
/// </summary>
internal static class QuantizationMath
{
    /// <summary>The smallest and the largest integer of a type.</summary>
    /// <param name="type">int8, uint8, int16, uint16 or int32.</param>
    public static (int Min, int Max) Range(ElementType type) => type switch
    {
        ElementType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
        ElementType.UInt8 => (byte.MinValue, byte.MaxValue),
        ElementType.Int16 => (short.MinValue, short.MaxValue),
        ElementType.UInt16 => (ushort.MinValue, ushort.MaxValue),
        ElementType.Int32 => (int.MinValue, int.MaxValue),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not a type that values are quantized to."),
    };

    /// <summary>The same grid with its integers moved by 128, where they are int8; else the grid itself.</summary>
    public static Quantization AsUInt8(this Quantization quantization) => quantization.Type != ElementType.Int8 ? quantization
        : quantization with { Type = ElementType.UInt8, ZeroPoints = [.. quantization.ZeroPoints.Select(z => z + 128)] };

    /// <summary>The same grid with its integers moved by -128, where they are uint8; else the grid itself.</summary>
    public static Quantization AsInt8(this Quantization quantization) => quantization.Type != ElementType.UInt8 ? quantization
        : quantization with { Type = ElementType.Int8, ZeroPoints = [.. quantization.ZeroPoints.Select(z => z - 128)] };

    /// <summary>The integers of a float32 tensor, in a tensor of the quantization's type.</summary>
    /// <param name="tensor">float32; any shape that has the quantization's axis.</param>
    public static Tensor Quantize(this Quantization quantization, Tensor tensor)
    {
        Tensor result = Tensor.Zeros(quantization.Type, tensor.Dims);
        ReadOnlySpan<float> from = tensor.Span<float>();
        foreach ((int start, int length, float scale, int zero) in Slices(quantization, tensor))
        {
            ReadOnlySpan<float> slice = from.Slice(start, length);
            switch (quantization.Type)
            {
                case ElementType.Int8: Fill(result.Span<sbyte>().Slice(start, length), slice); break;
                case ElementType.UInt8: Fill(result.Span<byte>().Slice(start, length), slice); break;
                case ElementType.Int16: Fill(result.Span<short>().Slice(start, length), slice); break;
                case ElementType.UInt16: Fill(result.Span<ushort>().Slice(start, length), slice); break;
                default: Fill(result.Span<int>().Slice(start, length), slice); break;
            }

            void Fill<T>(Span<T> to, ReadOnlySpan<float> values) where T : unmanaged, System.Numerics.INumber<T>
            {
                for (int i = 0; i < to.Length; i++) to[i] = T.CreateTruncating(Quantize(quantization.Type, values[i], scale, zero));
            }
        }

        return result;
    }

    /// <summary>The floats that integers stand for.</summary>
    /// <param name="tensor">Integers of the quantization's type; any shape that has its axis.</param>
    public static Tensor Dequantize(this Quantization quantization, Tensor tensor)
    {
        Tensor result = Tensor.Zeros(ElementType.Float32, tensor.Dims);
        foreach ((int start, int length, float scale, int zero) in Slices(quantization, tensor))
        {
            Span<float> to = result.Span<float>().Slice(start, length);
            switch (quantization.Type)
            {
                case ElementType.Int8: Fill(to, tensor.Span<sbyte>().Slice(start, length)); break;
                case ElementType.UInt8: Fill(to, tensor.Span<byte>().Slice(start, length)); break;
                case ElementType.Int16: Fill(to, tensor.Span<short>().Slice(start, length)); break;
                case ElementType.UInt16: Fill(to, tensor.Span<ushort>().Slice(start, length)); break;
                default: Fill(to, tensor.Span<int>().Slice(start, length)); break;
            }

            void Fill<T>(Span<float> floats, ReadOnlySpan<T> integers) where T : unmanaged, System.Numerics.INumber<T>
            {
                for (int i = 0; i < floats.Length; i++)
                    floats[i] = Dequantize(int.CreateTruncating(integers[i]), scale, zero);
            }
        }

        return result;
    }

    /// <summary>The float32 tensor rounded to the grid.</summary>
    /// <param name="tensor">float32; any shape that has the quantization's axis.</param>
    /// <param name="pool">Threads to work on, or null.</param>
    public static Tensor Round(this Quantization quantization, Tensor tensor, WorkerPool? pool = null)
    {
        Tensor result = Tensor.Zeros(ElementType.Float32, tensor.Dims);
        quantization.Round(tensor, result, pool);
        return result;
    }

    /// <summary>Rounds a float32 tensor to the grid.</summary>
    /// <param name="tensor">float32; any shape that has the quantization's axis.</param>
    /// <param name="result">Takes the rounded elements; of the same shape, or the tensor itself.</param>
    /// <param name="pool">Threads to work on, or null.</param>
    public static void Round(this Quantization quantization, Tensor tensor, Tensor result, WorkerPool? pool)
    {
        ReadOnlySpan<float> from = tensor.Span<float>();
        Span<float> to = result.Span<float>();
        if (quantization.Type == ElementType.Float16)
        {
            for (int i = 0; i < to.Length; i++) to[i] = (float)(Half)from[i];
        }
        else if (quantization.IsPerTensor)
        {
            ElementRanges.Run(tensor.Count, pool, (start, length) => Round(
                quantization.Type, tensor.Span<float>().Slice(start, length), quantization.Scale, quantization.ZeroPoint,
                result.Span<float>().Slice(start, length)));
        }
        else
        {
            foreach ((int start, int length, float scale, int zero) in Slices(quantization, tensor))
                Round(quantization.Type, from.Slice(start, length), scale, zero, to.Slice(start, length));
        }
    }

    /// <summary>Rounds elements that share a scale; vectors of them by the same operations as single ones.</summary>
    private static void Round(ElementType type, ReadOnlySpan<float> from, float scale, int zero, Span<float> to)
    {
        int i = 0;
        if (type != ElementType.Int32)
        {
            (int min, int max) = Range(type);
            Vector<float> low = new(min), high = new(max), offset = new(zero), steps = new(scale), none = new(-zero * scale);
            for (; i <= to.Length - Vector<float>.Count; i += Vector<float>.Count)
            {
                Vector<float> x = new(from[i..]);
                Vector<float> q = Vector.Min(Vector.Max(Vector.Round(x / steps) + offset, low), high);
                // NaN becomes the integer 0.
                Vector.ConditionalSelect(Vector.Equals(x, x), (q - offset) * steps, none).CopyTo(to[i..]);
            }
        }

        for (; i < to.Length; i++) to[i] = Dequantize(Quantize(type, from[i], scale, zero), scale, zero);
    }

    /// <summary>One value rounded to the grid of its channel.</summary>
    /// <param name="channel">The position along the grid's axis; any where it has none.</param>
    public static float Round(Quantization quantization, int channel, float value)
    {
        int slice = quantization.IsPerTensor ? 0 : channel;
        (float scale, int zero) = (quantization.Scales[slice], quantization.ZeroPoints[slice]);
        return Dequantize(Quantize(quantization.Type, value, scale, zero), scale, zero);
    }

    private static int Quantize(ElementType type, float value, float scale, int zero)
    {
        (int min, int max) = Range(type);
        // float32 as everywhere else, but it cannot hold the steps of int32.
        return type == ElementType.Int32
            ? (int)Math.Clamp(Math.Round((double)value / scale) + zero, min, max)
            : (int)Math.Clamp(MathF.Round(value / scale) + zero, min, max);
    }

    private static float Dequantize(int value, float scale, int zero) => (float)((long)value - zero) * scale;

    /// <summary>Runs of elements that share a scale.</summary>
    private static IEnumerable<(int Start, int Length, float Scale, int Zero)> Slices(Quantization quantization, Tensor tensor)
    {
        if (quantization.IsPerTensor)
        {
            yield return (0, tensor.Count, quantization.Scale, quantization.ZeroPoint);
            yield break;
        }

        int channels = tensor.Dims[quantization.Axis], inner = quantization.RunLength(tensor.Dims);
        for (int start = 0, c = 0; start < tensor.Count; start += inner, c = (c + 1) % channels)
            yield return (start, inner, quantization.Scales[c], quantization.ZeroPoints[c]);
    }
}
