using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>The bias of a layer of integers: int32, in steps of the input's scale times the weight's.</summary>
internal static class QuantizedBias
{
    /// <summary>The numbers that a bias stands for.</summary>
    /// <param name="weight">The scale, or scales, of the weight.</param>
    /// <param name="factor">What the layer multiplies its product with.</param>
    public static Value Dequantize(Rewriting at, Value stored, Value input, Value weight, float factor = 1)
    {
        Value scale;
        if (input.Constant is { Type: ElementType.Float32, Count: 1 } x && weight.Constant is { Type: ElementType.Float32 } w)
        {
            float step = x.Span<float>()[0] * factor;
            scale = at.Constant(Tensor.Of<float>(w.Dims, Array.ConvertAll(w.Span<float>().ToArray(), s => s * step)));
        }
        else
        {
            scale = at.Add("Mul", [input, weight]);
            if (factor != 1) scale = at.Add("Mul", [scale, at.Constant(Tensor.Scalar(factor))]);
        }

        // The last axis counts outputs.
        int axis = (stored.Shape?.Rank ?? 1) - 1;
        return at.Dequantize(stored, scale, null, axis);
    }
}
