using ModelOpt.Runtime.Kernels.Elementwise;

namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

/// <summary>Vectors and their tails give the bits of the scalar function, and that one those of the framework.</summary>
[TestClass]
internal sealed class UnaryF32KernelTests
{
    [TestMethod]
    public void Every_function_at_every_length()
    {
        Check(new ClampFunction(-0.5f, 1), x => Math.Clamp(x, -0.5f, 1));
        Check(new LeakyReluFunction(0.1f), x => x >= 0 ? x : 0.1f * x);
        Check(default(HardSwishFunction), x => default(HardSwishFunction).Apply(x));
        Check(default(NegateFunction), x => -x);
        Check(default(AbsoluteFunction), MathF.Abs);
        Check(default(SquareRootFunction), MathF.Sqrt);
        Check(default(ReciprocalSquareRootFunction), x => 1 / MathF.Sqrt(x));
        Check(default(RoundFunction), x => MathF.Round(x, MidpointRounding.ToEven));
    }

    private static void Check<T>(T function, Func<float, float> definition)
        where T : struct, IUnaryFunction
    {
        foreach (int length in (int[])[.. Enumerable.Range(1, 40), 5000])
        {
            float[] x = [.. KernelTesting.Floats(length, length).Select(v => 4 * v)], expected = [.. x.Select(definition)];
            KernelTesting.AssertSameBits(
                expected, KernelTesting.RunFloat(new UnaryF32Kernel<T>(length, function), length, x), $"{typeof(T).Name} of {length}");
        }
    }
}
