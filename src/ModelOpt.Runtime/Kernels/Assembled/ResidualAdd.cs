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

    /// <summary>The addition to results that lie in memory. Needs AVX-512.</summary>
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
        public const int Length = 64;

        private readonly Vector512<float> _factor = Vector512.Create(add.Side == ResidualSide.Left ? add.RightFactor : add.LeftFactor);
        private readonly Vector512<float> _otherFactor = Vector512.Create(add.Side == ResidualSide.Left ? add.LeftFactor : add.RightFactor);
        private readonly Vector512<float> _offset = Vector512.Create(add.Offset);
        private readonly Vector512<byte> _low = Vector512.Create((byte)(add.OutputMin + QuantizedAdd.Shift));
        private readonly Vector512<byte> _high = Vector512.Create((byte)(add.OutputMax + QuantizedAdd.Shift));
        private readonly bool _resultIsRight = add.Side == ResidualSide.Left;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Apply(byte* results, byte* others, byte* sums)
        {
            // Unpacking works within 128 bits, and so does packing: together they keep the order.
            Vector512<byte> flip = Vector512.Create((byte)QuantizedAdd.Shift), a = Vector512.Load(results) ^ flip,
                b = Vector512.Load(others) ^ flip;
            Vector512<short> a0 = Avx512BW.UnpackLow(a, default).AsInt16(), a1 = Avx512BW.UnpackHigh(a, default).AsInt16();
            Vector512<short> b0 = Avx512BW.UnpackLow(b, default).AsInt16(), b1 = Avx512BW.UnpackHigh(b, default).AsInt16();
            Vector512<short> low = Avx512BW.PackSignedSaturate(
                Add(Avx512BW.UnpackLow(a0, default), Avx512BW.UnpackLow(b0, default)),
                Add(Avx512BW.UnpackHigh(a0, default), Avx512BW.UnpackHigh(b0, default)));
            Vector512<short> high = Avx512BW.PackSignedSaturate(
                Add(Avx512BW.UnpackLow(a1, default), Avx512BW.UnpackLow(b1, default)),
                Add(Avx512BW.UnpackHigh(a1, default), Avx512BW.UnpackHigh(b1, default)));
            Vector512<byte> sum = Vector512.Min(Vector512.Max(Avx512BW.PackUnsignedSaturate(low, high), _low), _high);
            (sum ^ flip).Store(sums);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private Vector512<int> Add(Vector512<short> result, Vector512<short> other)
        {
            Vector512<float> x = Vector512.ConvertToSingle(result.AsInt32()), y = Vector512.ConvertToSingle(other.AsInt32());
            // The right operand comes first.
            return Avx512F.ConvertToVector512Int32(_resultIsRight
                ? Vector512.FusedMultiplyAdd(y, _otherFactor, Vector512.FusedMultiplyAdd(x, _factor, _offset))
                : Vector512.FusedMultiplyAdd(x, _factor, Vector512.FusedMultiplyAdd(y, _otherFactor, _offset)));
        }
    }
}
