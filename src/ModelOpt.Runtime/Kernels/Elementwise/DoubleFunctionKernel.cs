using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>A function of one number in double precision.</summary>
internal interface IDoubleFunction
{
    static abstract double Apply(double x);
}

/// <summary>A function of each float32 element that is computed in double precision, so that it rounds the same everywhere.</summary>
internal sealed class DoubleFunctionKernel<TFunction>(int elements) : ElementwiseKernel(elements, 30)
    where TFunction : struct, IDoubleFunction
{
    public static float Apply(float x) => (float)TFunction.Apply(x);

    protected override void RunRange(in KernelArguments args, int first, int length)
    {
        ReadOnlySpan<float> x = args.Input<float>(0).Slice(first, length);
        Span<float> y = args.Output<float>(0).Slice(first, length);
        for (int i = 0; i < y.Length; i++)
            y[i] = Apply(x[i]);
    }
}

internal readonly struct SineFunction : IDoubleFunction
{
    public static double Apply(double x) => Math.Sin(x);
}

internal readonly struct CosineFunction : IDoubleFunction
{
    public static double Apply(double x) => Math.Cos(x);
}

internal readonly struct HyperbolicSineFunction : IDoubleFunction
{
    public static double Apply(double x) => Math.Sinh(x);
}

internal readonly struct InverseHyperbolicSineFunction : IDoubleFunction
{
    public static double Apply(double x) => Math.Asinh(x);
}

internal readonly struct InverseHyperbolicCosineFunction : IDoubleFunction
{
    public static double Apply(double x) => Math.Acosh(x);
}

internal readonly struct InverseHyperbolicTangentFunction : IDoubleFunction
{
    public static double Apply(double x) => Math.Atanh(x);
}
