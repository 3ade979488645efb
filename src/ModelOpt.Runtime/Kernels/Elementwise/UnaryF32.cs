using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>A function of one float, as a vector and as a scalar with the same bits.</summary>
internal interface IUnaryFunction
{
    Vector<float> Apply(Vector<float> x);

    float Apply(float x);
}

internal readonly struct ClampFunction(float min, float max) : IUnaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> x) =>
        Vector.Min(Vector.Max(x, new Vector<float>(min)), new Vector<float>(max));

    public float Apply(float x) => MathF.Min(MathF.Max(x, min), max);
}

/// <summary>x for x ≥ 0, alpha·x below.</summary>
internal readonly struct LeakyReluFunction(float alpha) : IUnaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> x) =>
        Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), x * new Vector<float>(alpha), x);

    public float Apply(float x) => x < 0 ? x * alpha : x;
}

/// <summary>x·clamp(x + 3, 0, 6)/6.</summary>
internal readonly struct HardSwishFunction : IUnaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> x) =>
        x * Vector.Min(Vector.Max(x + new Vector<float>(3), Vector<float>.Zero), new Vector<float>(6))
            / new Vector<float>(6);

    public float Apply(float x) => x * MathF.Min(MathF.Max(x + 3, 0), 6) / 6;
}

internal readonly struct NegateFunction : IUnaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> x) => -x;

    public float Apply(float x) => -x;
}

internal readonly struct SquareRootFunction : IUnaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> x) => Vector.SquareRoot(x);

    public float Apply(float x) => MathF.Sqrt(x);
}

internal readonly struct ReciprocalSquareRootFunction : IUnaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> x) => Vector<float>.One / Vector.SquareRoot(x);

    public float Apply(float x) => 1 / MathF.Sqrt(x);
}

/// <summary>The nearest integer, the even one of two.</summary>
internal readonly struct RoundFunction : IUnaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> x) => Vector.Round(x);

    public float Apply(float x) => MathF.Round(x);
}

/// <summary>Divides the elements into items of equal length.</summary>
internal abstract class ElementwiseKernel(int elements, int workPerElement) : Kernel
{
    private const int ItemLength = 4096;

    public override int Items => (elements + ItemLength - 1) / ItemLength;

    public override long Work => (long)elements * workPerElement;

    public override void Run(in KernelArguments args, int start, int end)
    {
        int first = start * ItemLength;
        RunRange(args, first, Math.Min(elements, end * ItemLength) - first);
    }

    protected abstract void RunRange(in KernelArguments args, int first, int length);
}

/// <summary>A simple function of each element.</summary>
internal sealed class UnaryF32Kernel<TFunction>(int elements, TFunction function) : ElementwiseKernel(elements, 1)
    where TFunction : struct, IUnaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void RunRange(in KernelArguments args, int first, int length)
    {
        ref float x = ref Unsafe.Add(ref MemoryMarshal.GetReference(args.Input<float>(0)), first);
        ref float y = ref Unsafe.Add(ref MemoryMarshal.GetReference(args.Output<float>(0)), first);
        int i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var value = Unsafe.ReadUnaligned<Vector<float>>(ref Unsafe.As<float, byte>(ref Unsafe.Add(ref x, i)));
            Unsafe.WriteUnaligned(ref Unsafe.As<float, byte>(ref Unsafe.Add(ref y, i)), function.Apply(value));
        }
        for (; i < length; i++)
            Unsafe.Add(ref y, i) = function.Apply(Unsafe.Add(ref x, i));
    }
}

/// <summary>A transcendental function of each element.</summary>
internal sealed class MathF32Kernel<TOperation>(int elements) : ElementwiseKernel(elements, 10)
    where TOperation : struct, IUnaryOperation
{
    protected override void RunRange(in KernelArguments args, int first, int length) =>
        VectorMap.Apply<TOperation>(
            SimdTiers.Best, args.Input<float>(0).Slice(first, length), args.Output<float>(0).Slice(first, length));
}
