using ModelOpt.Compiler.Operators.Activations;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Logic;
using ModelOpt.Compiler.Operators.Movement;

namespace ModelOpt.Fuzz.Operators.Generators;

/// <summary>Operators that map elements one by one, of one tensor or of several that are broadcast.</summary>
internal static class Elementwise
{
    /// <summary>A function of one tensor without any meaning of attributes but alpha and beta.</summary>
    public static void Unary(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank());
        // float64 is computed in float32, in which a large angle is another one.
        bool isAngle = c.Schema.Operator is "Sin" or "Cos" or "Tan" && c.Type() == ElementType.Float64;
        // The sign of no number is NaN or 0 in ONNX Runtime, as the type is.
        bool isSign = c.Schema.Operator == "Sign";
        c.Data(c.Draw.Chance(0.1) && !isAngle && !isSign ? c.Draw.Wild(c.Type(), dims) : c.Draw.Tensor(c.Type(), dims));
        // Celu's alpha is positive: below zero, ONNX Runtime's function is another.
        c.Perhaps("alpha", c.Draw.Real(c.Schema.Operator == "Celu" ? 0.25 : -1, 2)).Perhaps("beta", c.Draw.Real(-1, 2));
        c.Perhaps("gamma", c.Draw.Real(0, 2)).Perhaps("bias", c.Draw.Real(-1, 1)).Perhaps("lambd", c.Draw.Real(0, 1));
        c.Perhaps("approximate", c.Draw.Pick("none", "tanh"));
        c.Perhaps("detect_negative", c.Draw.Int(0, 1)).Perhaps("detect_positive", c.Draw.Int(0, 1));
    }

    /// <summary>SwiGLU.</summary>
    public static void Gated(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank());
        if (c.Draw.Chance(0.5)) c.With("alpha", c.Draw.Real(0.5, 2));
        c.Data(dims).Data(dims);
    }

    /// <summary>The rest of a division: integers by 1 and more, floats with fmod.</summary>
    public static void Mod(CaseBuilder c)
    {
        ElementType type = c.Type();
        int[] dims = c.Draw.Dims(c.Draw.Rank());
        c.Data(c.Draw.Tensor(type, dims, -9, 9)).Data(c.Draw.Tensor(type, c.Draw.Broadcast(dims), 1, 7));
        if (type.IsFloat() || c.Draw.Chance(0.4)) c.With("fmod", 1);
    }

    /// <summary>Shifts by less than the bits of the type.</summary>
    public static void Shift(CaseBuilder c)
    {
        ElementType type = c.Type();
        int[] dims = c.Draw.Dims(c.Draw.Rank());
        c.Data(c.Draw.Tensor(type, dims, 0, 200)).Data(c.Draw.Tensor(type, c.Draw.Broadcast(dims), 0, 7));
        c.With("direction", c.Draw.Pick("LEFT", "RIGHT"));
    }

    /// <summary>A choice between two tensors.</summary>
    public static void Where(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank());
        ElementType type = c.Type(1);
        c.Data(c.Draw.Tensor(ElementType.Bool, c.Draw.Broadcast(dims)));
        c.Data(c.Draw.Tensor(type, c.Draw.Broadcast(dims))).Data(c.Draw.Tensor(type, dims));
    }

    /// <summary>A cast to the type of another tensor.</summary>
    public static void CastLike(CaseBuilder c)
    {
        ElementType from = c.Type(), to = c.Type(1);
        bool isUnsigned = to is ElementType.UInt8 or ElementType.UInt16 or ElementType.UInt32 or ElementType.UInt64;
        c.Data(c.Draw.Tensor(from, c.Draw.Dims(c.Draw.Rank()), isUnsigned && from.IsFloat() ? 0 : -100, 100));
        c.Data(c.Draw.Tensor(to, [1]));
    }

    /// <summary>Sqrt: roots of negative numbers are rare.</summary>
    public static void Root(CaseBuilder c) => c.Data(c.Draw.Dims(c.Draw.Rank()), c.Draw.Chance(0.1) ? -4 : 0, 9);

    /// <summary>Dropout, which does nothing but in training; its mask is rarely asked for.</summary>
    public static void Dropout(CaseBuilder c)
    {
        c.Data(c.Draw.Dims(c.Draw.Rank())).Perhaps("ratio", c.Draw.Real(0, 0.9)).Perhaps("seed", 1);
        if (c.Draw.Chance(0.01)) c.Outputs(2);
        if (c.Schema.Inputs.Count == 1 || c.Draw.Chance(0.4)) return;
        c.Parameter(c.Draw.Tensor(c.Type(1), [], 0, 0.9), 0);
        if (c.Draw.Chance(0.5)) c.Parameter(Tensor.Zeros(ElementType.Bool, []), 0);
    }

    /// <summary>Arithmetic of two tensors.</summary>
    public static void Binary(CaseBuilder c)
    {
        ElementType type = c.Type();
        int[] dims = c.Draw.Dims(c.Draw.Rank());
        bool isWild = c.Draw.Chance(0.05) && type.IsFloat();
        bool divides = c.Schema.Operator == "Div";
        // Integers are divided by 1 and more: by 0, ONNX Runtime ends the process.
        Tensor a = isWild ? c.Draw.Wild(type, dims) : c.Draw.Tensor(type, dims, -9, 9);
        int[] other = c.Draw.Broadcast(dims);
        Tensor b = isWild ? c.Draw.Wild(type, other) : c.Draw.Tensor(type, other, divides ? 1 : -9, 9);
        if (c.Draw.Chance(0.5) && !divides) (a, b) = (b, a);
        // Both sides may be repeated.
        if (a.Rank == b.Rank && c.Draw.Chance(0.2))
            a = c.Draw.Tensor(type, Array.ConvertAll(a.Dims.ToArray(), d => c.Draw.Chance(0.3) ? 1 : d), -9, 9);
        if (c.Draw.Chance(0.4)) c.Data(a).Parameter(b, 0.2);
        else c.Data(a).Data(b);
    }

    /// <summary>Max and Min of any number of tensors.</summary>
    public static void Variadic(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank());
        int count = c.Draw.Int(1, 4);
        bool isWild = c.Draw.Chance(0.05) && c.Type().IsFloat();
        for (int i = 0; i < count; i++)
        {
            int[] own = c.Draw.Broadcast(dims);
            c.Data(isWild ? c.Draw.Wild(c.Type(), own) : c.Draw.Tensor(c.Type(), own));
        }
    }

    /// <summary>Pow: exponents that are one small constant, or anything.</summary>
    public static void Pow(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank());
        ElementType type = c.Type(), exponent = c.Type(1);
        bool isWhole = !exponent.IsFloat() || !type.IsFloat();
        Tensor x = c.Draw.Tensor(type, dims, isWhole && c.Draw.Chance(0.5) ? -3 : 0.25, 4);
        if (c.Draw.Chance(0.5))
        {
            double one = isWhole ? c.Draw.Int(0, 3) : c.Draw.Pick(0.5, 1, 2, 3, -1, -0.5, 0, 2.5);
            int[] shape = c.Draw.Chance(0.5) ? [] : [1];
            c.Data(x).Parameter(Casting.To(Tensor.Of<double>(shape, [one]), exponent), 0.05);
            return;
        }

        Tensor power = c.Draw.Tensor(exponent, c.Draw.Broadcast(dims), 0, 3);
        if (isWhole) power = Casting.To(Casting.To(power, ElementType.Int64), exponent);
        c.Data(x).Data(power);
    }

    /// <summary>PRelu: the slope is broadcast to the data.</summary>
    public static void PRelu(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank(1));
        int[] slope = dims.Length > 2 && c.Draw.Chance(0.5) ? [dims[1], .. Enumerable.Repeat(1, dims.Length - 2)] : c.Draw.Broadcast(dims);
        c.Data(dims, -9, 9).Parameter(c.Draw.Tensor(c.Type(), slope, -2, 2));
    }

    /// <summary>
    /// Clip: bounds as attributes or as inputs, each there or not, rarely the lower above the upper. No infinities: where a bound is
    /// absent,
    /// ONNX's function leaves them, and ONNX Runtime takes the largest number.
    /// </summary>
    public static void Clip(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank());
        c.Data(c.Draw.Tensor(c.Type(), dims, -9, 9));
        double low = c.Draw.Pick<double>(0, -1, -3, 2), high = c.Draw.Pick<double>(6, 1, 3, 5);
        if (c.Draw.Chance(0.05)) (low, high) = (high, low);
        c.Perhaps("min", (float)low).Perhaps("max", (float)high);
        if (c.Schema.Inputs.Count == 1) return;
        bool isSigned = c.Type() is not (ElementType.UInt8 or ElementType.UInt16 or ElementType.UInt32 or ElementType.UInt64);
        if (c.Draw.Chance(0.7)) c.Parameter(Scalar(isSigned ? low : Math.Max(0, low)));
        else c.Omit();
        if (c.Draw.Chance(0.7)) c.Parameter(Scalar(Math.Max(isSigned ? -9 : 0, high)));

        Tensor Scalar(double value) => Casting.To(Tensor.Scalar(value), c.Type());
    }

    /// <summary>Cast between any two types, of numbers that both can hold: what else becomes of them, C++ leaves open.</summary>
    public static void Cast(CaseBuilder c)
    {
        ElementType from = c.Type(), to = c.TypeOf(c.Schema.Outputs[0].Types);
        bool isUnsigned = to is ElementType.UInt8 or ElementType.UInt16 or ElementType.UInt32 or ElementType.UInt64;
        // Half floats are computed in float32 here, which holds more.
        bool fits = to.IsFloat() ? to is ElementType.Float32 or ElementType.Float64 : !from.IsFloat() || to == ElementType.Bool;
        bool isWild = c.Draw.Chance(0.1) && fits;
        int[] dims = c.Draw.Dims(c.Draw.Rank());
        c.Data(isWild ? c.Draw.Wild(from, dims) : c.Draw.Tensor(from, dims, isUnsigned && from.IsFloat() ? 0 : -100, 100));
        c.With("to", (long)to);
    }
}
