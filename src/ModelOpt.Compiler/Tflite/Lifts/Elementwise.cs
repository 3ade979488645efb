using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Tflite.Lifts;

/// <summary>Operators of an element, or of two that broadcast.</summary>
internal static class Elementwise
{
    /// <summary>An operator of one input that the graph has under another name.</summary>
    public static Action<Lifting> Unary(string type) => at =>
    {
        bool first = at.PrefersFirst();
        at.Finish(at.AddLayer(type, [at.Operand(0, first)]), first);
    };

    /// <summary>An operator of one input and attributes.</summary>
    public static Action<Lifting> Unary(string type, Func<Lifting, (string Name, object Value)> attribute) => at =>
    {
        bool first = at.PrefersFirst();
        at.Finish(at.AddLayer(type, [at.Operand(0, first)], attribute(at)), first);
    };

    /// <summary>An operator of two inputs without an activation.</summary>
    public static Action<Lifting> Binary(string type, params (string Name, object Value)[] attributes) => at =>
    {
        bool first = at.PrefersFirst();
        at.Finish(at.AddLayer(type, [at.Operand(0, first), at.Operand(1, first)], attributes), first);
    };

    /// <summary>An operator of three inputs.</summary>
    public static Action<Lifting> Ternary(string type) => at =>
    {
        bool first = at.PrefersFirst();
        at.Finish(at.AddLayer(type, [at.Operand(0, first), at.Operand(1, first), at.Operand(2, first)]), first);
    };

    /// <summary>ADD, SUB, MUL and DIV.</summary>
    public static Action<Lifting> Arithmetic(string type) => at =>
    {
        bool first = at.PrefersFirst();
        Value result = at.AddLayer(type, [at.Operand(0, first), at.Operand(1, first)]);
        at.Finish(result, first, (ActivationFunction)at.Options.Byte(0));
    };

    /// <summary>The numbers between two bounds.</summary>
    public static Action<Lifting> Bounded(float low, float high) => at =>
    {
        bool first = at.PrefersFirst();
        at.Finish(at.Clipped(at.Operand(0, first), low, high), first);
    };

    /// <summary>1 / √x.</summary>
    public static void Rsqrt(Lifting at)
    {
        bool first = at.PrefersFirst();
        at.Finish(at.Add("Reciprocal", [at.Add("Sqrt", [at.Operand(0, first)])]), first);
    }

    /// <summary>x².</summary>
    public static void Square(Lifting at)
    {
        bool first = at.PrefersFirst();
        Value x = at.Operand(0, first);
        at.Finish(at.Add("Mul", [x, x]), first);
    }

    /// <summary>(x − y)².</summary>
    public static void SquaredDifference(Lifting at)
    {
        bool first = at.PrefersFirst();
        Value difference = at.Add("Sub", [at.Operand(0, first), at.Operand(1, first)]);
        at.Finish(at.Add("Mul", [difference, difference]), first);
    }

    /// <summary>The quotient, rounded down.</summary>
    public static void FloorDiv(Lifting at)
    {
        bool first = at.PrefersFirst();
        Value x = at.Operand(0, first), y = at.Operand(1, first);
        if (Lifting.RealType(at.Output) == ElementType.Float32)
            at.Finish(at.Add("Floor", [at.Add("Div", [x, y])]), first);
        else
            at.Finish(at.Add("Div", [at.Add("Sub", [x, at.Add("Mod", [x, y])]), y]), first);
    }

    /// <summary>What the quotient, rounded down, leaves.</summary>
    public static void FloorMod(Lifting at)
    {
        bool first = at.PrefersFirst();
        Value x = at.Operand(0, first), y = at.Operand(1, first);
        if (Lifting.RealType(at.Output) != ElementType.Float32)
            at.Finish(at.Add("Mod", [x, y]), first);
        else
            at.Finish(at.Add("Sub", [x, at.Add("Mul", [at.Add("Floor", [at.Add("Div", [x, y])]), y])]), first);
    }

    /// <summary>PRELU: the slopes broadcast.</summary>
    public static void PRelu(Lifting at)
    {
        bool first = at.PrefersFirst();
        at.Finish(at.AddLayer("PRelu", [at.Operand(0, first), at.Operand(1, first)]), first);
    }

    /// <summary>SELECT, whose condition may be a vector of rows.</summary>
    public static void Select(Lifting at)
    {
        if (at.Input(0).Rank < at.Output.Rank && at.Input(0).Rank > 0) throw at.Refusal("a condition for each row");
        Ternary("Where")(at);
    }

    /// <summary>CAST.</summary>
    public static void Cast(Lifting at)
    {
        bool first = at.PrefersFirst();
        Value x = at.Operand(0, first);
        at.Finish(at.Cast(x, Lifting.RealType(at.Output)), first);
    }

    /// <summary>QUANTIZE: the result lies on the output's grid.</summary>
    public static void Quantize(Lifting at)
    {
        bool first = at.PrefersFirst();
        at.Finish(at.Operand(0, first), first);
    }

    /// <summary>DEQUANTIZE: real numbers of what is stored.</summary>
    public static void Dequantize(Lifting at)
    {
        if (at.Values.Constant(at.Input(0)) is { Type: ElementType.Float16 } half)
        {
            at.Values.Know(at.Output, Casting.To(half, ElementType.Float32));
            return;
        }

        if (at.Input(0).Type != TensorType.Float16)
        {
            at.Values.Same(at.Output, at.Input(0));
            return;
        }

        Cast(at);
    }

    /// <summary>LEAKY_RELU's slope.</summary>
    public static (string Name, object Value) Alpha(Lifting at) => ("alpha", LeakyReluOptions.Read(at.Options).Alpha);

    /// <summary>GELU's form.</summary>
    public static (string Name, object Value) Approximation(Lifting at) =>
        ("approximate", GeluOptions.Read(at.Options).IsApproximate ? "tanh" : "none");
}
