using System.Numerics;

namespace ModelOpt.Compiler.Graphs;

/// <summary>Conversion of tensors from one element type to another.</summary>
internal static class Casting
{
    /// <summary>
    /// Converts every element: to floats rounded to nearest even, floats to integers towards zero (saturated; NaN is 0),
    /// integers to integers modulo their size, anything to bool as "is not zero".
    /// </summary>
    /// <param name="tensor">The tensor; itself the result where it has the type already.</param>
    public static Tensor To(Tensor tensor, ElementType type)
    {
        if (tensor.Type == type) return tensor;
        if (tensor.Type == ElementType.BFloat16) return To(FromBFloat16(tensor), type);
        if (type == ElementType.BFloat16) return ToBFloat16(To(tensor, ElementType.Float32));
        Tensor result = Tensor.Zeros(type, tensor.Dims);
        ElementDispatch.Numbers(tensor.Type, new FromAction(tensor, result));
        return result;
    }

    private static Tensor FromBFloat16(Tensor tensor)
    {
        Tensor result = Tensor.Zeros(ElementType.Float32, tensor.Dims);
        ReadOnlySpan<ushort> from = tensor.As<ushort>();
        Span<uint> to = result.As<uint>();
        for (int i = 0; i < to.Length; i++) to[i] = (uint)from[i] << 16;
        return result;
    }

    private static Tensor ToBFloat16(Tensor tensor)
    {
        Tensor result = Tensor.Zeros(ElementType.BFloat16, tensor.Dims);
        ReadOnlySpan<uint> from = tensor.As<uint>();
        Span<ushort> to = result.As<ushort>();
        for (int i = 0; i < to.Length; i++)
        {
            bool isNaN = (from[i] & 0x7FFF_FFFF) > 0x7F80_0000;
            to[i] = isNaN ? (ushort)0x7FC0 : (ushort)((from[i] + 0x7FFF + ((from[i] >> 16) & 1)) >> 16);
        }

        return result;
    }

    private readonly struct FromAction(Tensor from, Tensor to) : INumberAction
    {
        public void Run<T>() where T : unmanaged, INumber<T> =>
            ElementDispatch.Numbers(to.Type, new ToAction<T>(from, to));
    }

    private readonly struct ToAction<TFrom>(Tensor from, Tensor to) : INumberAction where TFrom : unmanaged, INumber<TFrom>
    {
        public void Run<T>() where T : unmanaged, INumber<T>
        {
            ReadOnlySpan<TFrom> source = from.As<TFrom>();
            Span<T> target = to.As<T>();
            if (to.Type == ElementType.Bool)
            {
                for (int i = 0; i < target.Length; i++) target[i] = TFrom.IsZero(source[i]) ? T.Zero : T.One;
            }
            else if (from.Type.IsFloat())
            {
                for (int i = 0; i < target.Length; i++) target[i] = T.CreateSaturating(source[i]);
            }
            else
            {
                for (int i = 0; i < target.Length; i++) target[i] = T.CreateTruncating(source[i]);
            }
        }
    }
}
