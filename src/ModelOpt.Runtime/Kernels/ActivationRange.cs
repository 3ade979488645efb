using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels;

/// <summary>Bounds that an operator's fused activation sets to its result.</summary>
internal static class ActivationRange
{
    public static (float Min, float Max) Float(Node node, ActivationFunction activation) => activation switch
    {
        ActivationFunction.None => (float.NegativeInfinity, float.PositiveInfinity),
        ActivationFunction.Relu => (0, float.PositiveInfinity),
        ActivationFunction.ReluN1To1 => (-1, 1),
        ActivationFunction.Relu6 => (0, 6),
        _ => throw node.Error($"fused activation {activation} is not supported"),
    };

    /// <summary>The bounds in the output's quantized values, including those of folded activations.</summary>
    public static (int Min, int Max) Quantized(Node node, ActivationFunction activation)
    {
        (float min, float max) = Float(node, activation);
        Tensor output = node.Output;
        (int low, int high) = (Quantize(min, output.TypeMin), Quantize(max, output.TypeMax));
        return node.FoldedRange is var (foldedLow, foldedHigh)
            ? (Math.Clamp(low, foldedLow, foldedHigh), Math.Clamp(high, foldedLow, foldedHigh))
            : (low, high);

        int Quantize(float bound, int unbounded)
        {
            if (float.IsInfinity(bound))
                return unbounded;
            float stored = MathF.Round(bound / output.Scale) + output.ZeroPoint;
            return (int)Math.Clamp(stored, output.TypeMin, output.TypeMax);
        }
    }
}
