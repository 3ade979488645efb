using System.Numerics;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>A function of two numbers, as a vector and as a scalar with the same bits.</summary>
internal interface IBinaryOperation<T>
{
    static abstract Vector<T> Apply(Vector<T> left, Vector<T> right);

    static abstract T Apply(T left, T right);
}

internal readonly struct AddOperation<T> : IBinaryOperation<T>
    where T : INumber<T>
{
    public static Vector<T> Apply(Vector<T> left, Vector<T> right) => left + right;

    public static T Apply(T left, T right) => left + right;
}

internal readonly struct SubtractOperation<T> : IBinaryOperation<T>
    where T : INumber<T>
{
    public static Vector<T> Apply(Vector<T> left, Vector<T> right) => left - right;

    public static T Apply(T left, T right) => left - right;
}

internal readonly struct MultiplyOperation<T> : IBinaryOperation<T>
    where T : INumber<T>
{
    public static Vector<T> Apply(Vector<T> left, Vector<T> right) => left * right;

    public static T Apply(T left, T right) => left * right;
}

internal readonly struct DivideOperation : IBinaryOperation<float>
{
    public static Vector<float> Apply(Vector<float> left, Vector<float> right) => left / right;

    public static float Apply(float left, float right) => left / right;
}

internal readonly struct MinimumOperation<T> : IBinaryOperation<T>
    where T : INumber<T>
{
    public static Vector<T> Apply(Vector<T> left, Vector<T> right) => Vector.Min(left, right);

    public static T Apply(T left, T right) => T.Min(left, right);
}

internal readonly struct MaximumOperation<T> : IBinaryOperation<T>
    where T : INumber<T>
{
    public static Vector<T> Apply(Vector<T> left, Vector<T> right) => Vector.Max(left, right);

    public static T Apply(T left, T right) => T.Max(left, right);
}
