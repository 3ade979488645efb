using System.Numerics;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Recurrent;

/// <summary>The activation functions of recurrent layers and their derivatives.</summary>
internal static class GateMath
{
    /// <summary>The function at <paramref name="x"/>.</summary>
    public static T Value<T>(GateActivation activation, T x) where T : IBinaryFloatingPointIeee754<T>
    {
        (T alpha, T beta) = (T.CreateChecked(activation.Alpha), T.CreateChecked(activation.Beta));
        return activation.Function switch
        {
            GateFunction.Sigmoid => Sigmoid(x),
            GateFunction.Tanh => T.Tanh(x),
            GateFunction.Relu => T.Max(x, T.Zero),
            GateFunction.Affine => (alpha * x) + beta,
            GateFunction.LeakyRelu => x < T.Zero ? alpha * x : x,
            GateFunction.ThresholdedRelu => x > alpha ? x : T.Zero,
            GateFunction.ScaledTanh => alpha * T.Tanh(beta * x),
            GateFunction.HardSigmoid => T.Clamp((alpha * x) + beta, T.Zero, T.One),
            GateFunction.Elu => x < T.Zero ? alpha * (T.Exp(x) - T.One) : x,
            GateFunction.Softsign => x / (T.One + T.Abs(x)),
            _ => T.Max(x, T.Zero) + T.Log(T.One + T.Exp(-T.Abs(x))),
        };
    }

    /// <summary>The derivative at <paramref name="x"/>.</summary>
    public static T Slope<T>(GateActivation activation, T x) where T : IBinaryFloatingPointIeee754<T>
    {
        (T alpha, T beta) = (T.CreateChecked(activation.Alpha), T.CreateChecked(activation.Beta));
        switch (activation.Function)
        {
            case GateFunction.Sigmoid:
                T s = Sigmoid(x);
                return s * (T.One - s);
            case GateFunction.Tanh:
                T t = T.Tanh(x);
                return T.One - (t * t);
            case GateFunction.ScaledTanh:
                T u = T.Tanh(beta * x);
                return alpha * beta * (T.One - (u * u));
            case GateFunction.Relu: return x > T.Zero ? T.One : T.Zero;
            case GateFunction.Affine: return alpha;
            case GateFunction.LeakyRelu: return x < T.Zero ? alpha : T.One;
            case GateFunction.ThresholdedRelu: return x > alpha ? T.One : T.Zero;
            case GateFunction.HardSigmoid: return (alpha * x) + beta is var y && y > T.Zero && y < T.One ? alpha : T.Zero;
            case GateFunction.Elu: return x < T.Zero ? alpha * T.Exp(x) : T.One;
            case GateFunction.Softsign:
                T d = T.One + T.Abs(x);
                return T.One / (d * d);
            default: return Sigmoid(x);
        }
    }

    // Through e^−|x|, so that nothing overflows.
    private static T Sigmoid<T>(T x) where T : IBinaryFloatingPointIeee754<T> =>
        T.Exp(-T.Abs(x)) is var e && x < T.Zero ? e / (T.One + e) : T.One / (T.One + e);
}
