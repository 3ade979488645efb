using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Depthwise;

/// <summary>
/// The sums on Arm: bytes become int16, and int16 are multiplied and added to int32 by one instruction, sixteen channels at a time.
/// </summary>
internal sealed unsafe partial class DepthwiseInt8Kernel
{
    // [taps, channels]; weights less their zero point are in −255…255.
    private readonly AlignedBuffer<short>? _narrowWeights;

    private AlignedBuffer<short> NarrowWeights()
    {
        var weights = new AlignedBuffer<short>(_taps * _channels);
        for (int i = 0; i < _taps * _channels; i++)
            weights.Pointer[i] = (short)_weights.Pointer[i];
        return weights;
    }

    private void SumArm(ref WindowTaps window, int ox, int pixels, byte** taps, int* sums)
    {
        for (int i = 0; i < pixels; i++, sums += _channels)
        {
            window.MoveTo(ox + i);
            if (_unsigned)
                SumPixelArm<byte>(taps, _taps, _channels, _requantizer.Starts, _narrowWeights!.Pointer, sums);
            else
                SumPixelArm<sbyte>(taps, _taps, _channels, _requantizer.Starts, _narrowWeights!.Pointer, sums);
        }
    }

    /// <summary>One output pixel of at least eight channels. The last registers overlap the ones before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumPixelArm<T>(byte** taps, int count, int channels, int* starts, short* weights, int* sums)
    {
        nint c = 0;
        for (; c <= channels - 16; c += 16)
        {
            Vector128<int> s0 = Vector128.Load(starts + c), s1 = Vector128.Load(starts + c + 4);
            Vector128<int> s2 = Vector128.Load(starts + c + 8), s3 = Vector128.Load(starts + c + 12);
            short* w = weights + c;
            byte** tap = taps;
            for (byte** end = taps + count; tap != end; tap++, w += channels)
            {
                Vector128<byte> bytes = Vector128.Load(*tap + c);
                Vector128<short> a = Vector128.Load(w), b = Vector128.Load(w + 8);

                // Upper halves come first: a lower half that is not the last use of its register is copied.
                Vector128<short> right = WidenUpper<T>(bytes), left = WidenLower<T>(bytes);
                s1 = AdvSimd.MultiplyWideningUpperAndAdd(s1, left, a);
                s0 = AdvSimd.MultiplyWideningLowerAndAdd(s0, left.GetLower(), a.GetLower());
                s3 = AdvSimd.MultiplyWideningUpperAndAdd(s3, right, b);
                s2 = AdvSimd.MultiplyWideningLowerAndAdd(s2, right.GetLower(), b.GetLower());
            }

            s0.Store(sums + c);
            s1.Store(sums + c + 4);
            s2.Store(sums + c + 8);
            s3.Store(sums + c + 12);
        }

        for (; c < channels; c += 8)
        {
            c = Math.Min(c, channels - 8);
            Vector128<int> s0 = Vector128.Load(starts + c), s1 = Vector128.Load(starts + c + 4);
            for (int t = 0; t < count; t++)
            {
                Vector128<short> x = WidenLower<T>(Vector64.Load(taps[t] + c).ToVector128Unsafe());
                Vector128<short> a = Vector128.Load(weights + ((nint)t * channels) + c);
                s1 = AdvSimd.MultiplyWideningUpperAndAdd(s1, x, a);
                s0 = AdvSimd.MultiplyWideningLowerAndAdd(s0, x.GetLower(), a.GetLower());
            }

            s0.Store(sums + c);
            s1.Store(sums + c + 4);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> WidenLower<T>(Vector128<byte> bytes) => typeof(T) == typeof(byte)
        ? AdvSimd.ZeroExtendWideningLower(bytes.GetLower()).AsInt16() : AdvSimd.SignExtendWideningLower(bytes.AsSByte().GetLower());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> WidenUpper<T>(Vector128<byte> bytes) => typeof(T) == typeof(byte)
        ? AdvSimd.ZeroExtendWideningUpper(bytes).AsInt16() : AdvSimd.SignExtendWideningUpper(bytes.AsSByte());
}
