using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Kernels.Simd;

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
        const int step = 16;
        byte* copies = stackalloc byte[2 * step];
        for (; count >= step; count -= step, results += step, others += step)
            Apply(results, others);
        if (count == 0)
            return;
        Unsafe.CopyBlockUnaligned(copies, results, (uint)count);
        Unsafe.CopyBlockUnaligned(copies + step, others, (uint)count);
        Apply(copies, copies + step);
        Unsafe.CopyBlockUnaligned(results, copies, (uint)count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Apply(byte* results, byte* others)
    {
        Vector128<byte> flip = Vector128.Create((byte)QuantizedAdd.Shift);
        Vector512<float> result = Lanes512.LoadByte(results, flip), other = Lanes512.LoadByte(others, flip);
        (Vector512<float> left, Vector512<float> right) = Side == ResidualSide.Left ? (other, result) : (result, other);
        Vector512<float> sum = Vector512.FusedMultiplyAdd(right, Vector512.Create(RightFactor), Vector512.Create(Offset));
        sum = Vector512.FusedMultiplyAdd(left, Vector512.Create(LeftFactor), sum);
        Vector512<float> low = Vector512.Create((float)(OutputMin + QuantizedAdd.Shift)), high = Vector512.Create((float)(OutputMax + QuantizedAdd.Shift));
        Lanes512.StoreByte(results, Lanes512.Clamp(sum, low, high), -QuantizedAdd.Shift);
    }
}
