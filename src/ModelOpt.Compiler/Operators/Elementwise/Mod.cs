using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>The rest of a division: with the sign of the divisor, or with that of the dividend where fmod is 1.</summary>
internal sealed class Mod : PairOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [10, 13];

    protected override Tensor Compute(Node node, Tensor a, Tensor b)
    {
        ElementType type = a.Type == ElementType.BFloat16 ? ElementType.Float32 : a.Type;
        Tensor y = node.Allocate(type, a.Dims);
        ElementDispatch.Numbers(type, new Action(IsTruncated(node), Casting.To(a, type), Casting.To(b, type), y));
        return Casting.To(y, a.Type);
    }

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor a, TfliteTensor b, TfliteTensor y)
    {
        bool isUnsigned = node.Output.Type is ElementType.UInt8 or ElementType.UInt16 or ElementType.UInt32 or ElementType.UInt64;
        if (!IsTruncated(node) || isUnsigned)
        {
            steps.EmitWide(BuiltinOperator.FloorMod, [a, b], y, null);
            return;
        }

        // Of the magnitudes, with the sign of the dividend: no sum that rounds.
        TensorType own = y.Type;
        TensorType type = own is TensorType.Int8 or TensorType.Int16 ? TensorType.Int32 : own;
        (a, b) = (steps.Cast(a, type), steps.Cast(b, type));
        TfliteTensor zero = steps.Scalar(0, a);
        TfliteTensor rest = steps.Pair(BuiltinOperator.FloorMod, Magnitude(a), Magnitude(b));
        TfliteTensor signed = steps.Select(
            steps.Compare(BuiltinOperator.Less, a, zero), steps.Subtract(zero, rest), rest, own == type ? y : null);
        if (own != type) steps.Cast(signed, own, y);

        TfliteTensor Magnitude(TfliteTensor x) => steps.Binary(BuiltinOperator.Maximum, x, steps.Subtract(zero, x));
    }

    private static bool IsTruncated(Node node) => node.Int("fmod", 0) == 1 || node.Input(0).Type.IsFloat();

    private readonly struct Action(bool isTruncated, Tensor a, Tensor b, Tensor y) : INumberAction
    {
        public void Run<T>() where T : unmanaged, INumber<T>
        {
            ReadOnlySpan<T> left = a.As<T>(), right = b.As<T>();
            Span<T> target = y.As<T>();
            bool isFloat = y.Type.IsFloat();
            for (int i = 0; i < target.Length; i++)
            {
                // Integers have no rest by zero; that by −1, which may overflow, is zero.
                if (!isFloat && (T.IsZero(right[i]) || (T.IsNegative(right[i]) && right[i] == T.Zero - T.One))) continue;
                T rest = left[i] % right[i];
                target[i] = !isTruncated && !T.IsZero(rest) && T.IsNegative(rest) != T.IsNegative(right[i]) ? rest + right[i] : rest;
            }
        }
    }
}
