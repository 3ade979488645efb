using ModelOpt.Runtime.Simd;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Recurrent;

/// <summary>The activation functions of recurrent layers, with the same bits on every tier.</summary>
internal static class GateFunctions
{
    /// <summary>Replaces each element by the function of it.</summary>
    public static void Apply(SimdTier tier, GateActivation activation, Span<float> x)
    {
        (float alpha, float beta) = (activation.Alpha, activation.Beta);
        switch (activation.Function)
        {
            case GateFunction.Sigmoid:
                VectorMap.Apply<SigmoidOperation>(tier, x, x);
                break;
            case GateFunction.Tanh:
                VectorMap.Apply<TanhOperation>(tier, x, x);
                break;
            case GateFunction.ScaledTanh:
                foreach (ref float v in x)
                    v *= beta;
                VectorMap.Apply<TanhOperation>(tier, x, x);
                foreach (ref float v in x)
                    v *= alpha;
                break;
            default:
                foreach (ref float v in x)
                    v = Of(activation.Function, alpha, beta, v);
                break;
        }
    }

    /// <summary>Bounds each element; NaN stays.</summary>
    public static void Clip(float bound, Span<float> x)
    {
        if (bound <= 0)
            return;
        foreach (ref float v in x)
            v = Lanes1.Clamp(v, -bound, bound);
    }

    private static float Of(GateFunction function, float alpha, float beta, float x) => function switch
    {
        GateFunction.Relu => x < 0 ? 0 : x,
        GateFunction.Affine => (alpha * x) + beta,
        GateFunction.LeakyRelu => x < 0 ? alpha * x : x,
        GateFunction.ThresholdedRelu => x > alpha ? x : 0,
        GateFunction.HardSigmoid => Lanes1.Clamp((alpha * x) + beta, 0, 1),
        GateFunction.Elu => x < 0 ? alpha * (MathF32.Exp(x) - 1) : x,
        GateFunction.Softsign => x / (1 + MathF.Abs(x)),
        // Through e^−|x|, so that nothing overflows.
        _ => MathF.Max(x, 0) + MathF32.Log(1 + MathF32.Exp(-MathF.Abs(x))),
    };
}
