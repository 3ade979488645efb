using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>Which operand of a following ADD the other tensor is.</summary>
internal enum ResidualSide
{
    None,
    Left,
    Right,
}

/// <summary>
/// An int8 ADD that follows a layer and is computed in its epilogue, as <see cref="QuantizedAdd"/> computes it:
/// rint(fma(left + 128, LeftFactor, fma(right + 128, RightFactor, Offset))) − 128.
/// </summary>
/// <param name="Side">Which operand is not the layer's result.</param>
/// <param name="LeftFactor">s_left / s_out.</param>
/// <param name="RightFactor">s_right / s_out.</param>
/// <param name="Offset">See <see cref="QuantizedAdd"/>.</param>
/// <param name="OutputMin">Lowest output, with the fused activation applied.</param>
/// <param name="OutputMax">Highest output.</param>
internal sealed unsafe record ResidualAdd(
    ResidualSide Side, float LeftFactor, float RightFactor, float Offset, int OutputMin, int OutputMax)
{
    /// <summary>Whether the sum of any two operands stays within int32, so that its conversion saturates nothing.</summary>
    public bool Fits => (255.0 * (LeftFactor + RightFactor)) + Math.Abs((double)Offset) < 1e9;

    /// <summary>The addition to results that lie in memory. Needs AVX2 and FMA.</summary>
    /// <param name="results">The layer's int8 results; become the sums.</param>
    /// <param name="others">As many elements of the other tensor.</param>
    /// <param name="count">Elements.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Apply(byte* results, byte* others, nint count)
    {
        var sum = new Sum(this);
        for (; count >= Sum.Length; count -= Sum.Length, results += Sum.Length, others += Sum.Length)
            sum.Apply(results, others, results);
        if (count == 0)
            return;
        byte* copies = stackalloc byte[2 * Sum.Length];
        Unsafe.CopyBlockUnaligned(copies, results, (uint)count);
        Unsafe.CopyBlockUnaligned(copies + Sum.Length, others, (uint)count);
        sum.Apply(copies, copies + Sum.Length, copies);
        Unsafe.CopyBlockUnaligned(results, copies, (uint)count);
    }

    /// <summary>The constants in registers.</summary>
    private readonly ref struct Sum(ResidualAdd add)
    {
        /// <summary>Elements that are added at once.</summary>
        public const int Length = 32;

        private readonly Vector256<float> _factor = Vector256.Create(add.Side == ResidualSide.Left ? add.RightFactor : add.LeftFactor);
        private readonly Vector256<float> _otherFactor = Vector256.Create(add.Side == ResidualSide.Left ? add.LeftFactor : add.RightFactor);
        private readonly Vector256<float> _offset = Vector256.Create(add.Offset);
        private readonly Vector256<byte> _low = Vector256.Create((byte)(add.OutputMin + QuantizedAdd.Shift));
        private readonly Vector256<byte> _high = Vector256.Create((byte)(add.OutputMax + QuantizedAdd.Shift));
        private readonly bool _resultIsRight = add.Side == ResidualSide.Left;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Apply(byte* results, byte* others, byte* sums)
        {
            // Unpacking works within 128 bits, and so does packing: together they keep the order.
            Vector256<byte> flip = Vector256.Create((byte)QuantizedAdd.Shift), a = Vector256.Load(results) ^ flip,
                b = Vector256.Load(others) ^ flip;
            Vector256<short> a0 = Avx2.UnpackLow(a, default).AsInt16(), a1 = Avx2.UnpackHigh(a, default).AsInt16();
            Vector256<short> b0 = Avx2.UnpackLow(b, default).AsInt16(), b1 = Avx2.UnpackHigh(b, default).AsInt16();
            Vector256<short> low = Avx2.PackSignedSaturate(
                Add(Avx2.UnpackLow(a0, default), Avx2.UnpackLow(b0, default)),
                Add(Avx2.UnpackHigh(a0, default), Avx2.UnpackHigh(b0, default)));
            Vector256<short> high = Avx2.PackSignedSaturate(
                Add(Avx2.UnpackLow(a1, default), Avx2.UnpackLow(b1, default)),
                Add(Avx2.UnpackHigh(a1, default), Avx2.UnpackHigh(b1, default)));
            Vector256<byte> sum = Vector256.Min(Vector256.Max(Avx2.PackUnsignedSaturate(low, high), _low), _high);
            (sum ^ flip).Store(sums);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private Vector256<int> Add(Vector256<short> result, Vector256<short> other)
        {
            Vector256<float> x = Vector256.ConvertToSingle(result.AsInt32()), y = Vector256.ConvertToSingle(other.AsInt32());
            // The right operand comes first.
            return Avx.ConvertToVector256Int32(_resultIsRight
                ? Vector256.FusedMultiplyAdd(y, _otherFactor, Vector256.FusedMultiplyAdd(x, _factor, _offset))
                : Vector256.FusedMultiplyAdd(x, _factor, Vector256.FusedMultiplyAdd(y, _otherFactor, _offset)));
        }
    }
}
