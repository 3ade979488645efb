using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>Whether two numbers compare.</summary>
internal interface IComparison<T>
    where T : unmanaged, INumber<T>
{
    static abstract bool Apply(T left, T right);

    /// <summary>The same of each lane, whose bits are all set where it holds.</summary>
    static abstract Vector128<T> Apply(Vector128<T> left, Vector128<T> right);
}

/// <summary>left ∘ right as bools, 16 at a time.</summary>
internal sealed class ComparisonKernel<T, TComparison>(BroadcastShape shape) : BroadcastKernel(shape)
    where T : unmanaged, INumber<T>
    where TComparison : struct, IComparison<T>
{
    private const int AtOnce = 16;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Run(in KernelArguments args, int left, int right, int output, int length)
    {
        int stepA = Shape.LeftRepeats ? 0 : 1, stepB = Shape.RightRepeats ? 0 : 1;
        ReadOnlySpan<T> a = args.Input<T>(0).Slice(left, stepA == 0 ? 1 : length);
        ReadOnlySpan<T> b = args.Input<T>(1).Slice(right, stepB == 0 ? 1 : length);
        Span<byte> c = args.Output<byte>(0).Slice(output, length);
        int i = 0;
        if (Vector128<T>.IsSupported)
        {
            ref T x = ref MemoryMarshal.GetReference(a), y = ref MemoryMarshal.GetReference(b);
            for (; i <= length - AtOnce; i += AtOnce)
            {
                Vector128<byte> mask = Mask(ref Unsafe.Add(ref x, i * stepA), ref Unsafe.Add(ref y, i * stepB), stepA, stepB);
                (mask & Vector128<byte>.One).CopyTo(c[i..]);
            }
        }

        for (; i < length; i++)
            c[i] = TComparison.Apply(a[i * stepA], b[i * stepB]) ? (byte)1 : (byte)0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Mask(ref T a, ref T b, int stepA, int stepB)
    {
        if (Unsafe.SizeOf<T>() == 1)
            return Vector(ref a, ref b, stepA, stepB, 0).AsByte();
        if (Unsafe.SizeOf<T>() == 2)
            return Vector128.Narrow(Vector(ref a, ref b, stepA, stepB, 0).AsUInt16(), Vector(ref a, ref b, stepA, stepB, 1).AsUInt16());
        if (Unsafe.SizeOf<T>() == 4)
            return Vector128.Narrow(Words(ref a, ref b, stepA, stepB, 0), Words(ref a, ref b, stepA, stepB, 2));
        return Vector128.Narrow(
            Vector128.Narrow(Longs(ref a, ref b, stepA, stepB, 0), Longs(ref a, ref b, stepA, stepB, 2)),
            Vector128.Narrow(Longs(ref a, ref b, stepA, stepB, 4), Longs(ref a, ref b, stepA, stepB, 6)));
    }

    // Two vectors of 32 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> Words(ref T a, ref T b, int stepA, int stepB, int at) => Vector128.Narrow(
        Vector(ref a, ref b, stepA, stepB, at).AsUInt32(), Vector(ref a, ref b, stepA, stepB, at + 1).AsUInt32());

    // Two vectors of 64 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Longs(ref T a, ref T b, int stepA, int stepB, int at) => Vector128.Narrow(
        Vector(ref a, ref b, stepA, stepB, at).AsUInt64(), Vector(ref a, ref b, stepA, stepB, at + 1).AsUInt64());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<T> Vector(ref T a, ref T b, int stepA, int stepB, int at) =>
        TComparison.Apply(Load(ref a, stepA, at), Load(ref b, stepB, at));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<T> Load(ref T source, int step, int at) => step == 0
        ? Vector128.Create(source)
        : Vector128.LoadUnsafe(ref source, (nuint)(at * Vector128<T>.Count));
}
