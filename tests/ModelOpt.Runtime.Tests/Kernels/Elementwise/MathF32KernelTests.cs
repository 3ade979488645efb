using ModelOpt.Runtime.Kernels.Elementwise;

namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

/// <summary>Items of any length have the bits of the scalar function, whose errors <see cref="MathF32Tests"/> bounds.</summary>
[TestClass]
internal sealed class MathF32KernelTests
{
    [TestMethod]
    public void Every_function_at_every_length()
    {
        Check<SigmoidOperation>(MathF32.Sigmoid);
        Check<TanhOperation>(MathF32.Tanh);
        Check<ExpOperation>(MathF32.Exp);
        Check<LogOperation>(MathF32.Log);
    }

    private static void Check<T>(Func<float, float> definition)
        where T : struct, IUnaryOperation
    {
        foreach (int length in (int[])[.. Enumerable.Range(1, 40), 5000])
        {
            float[] x = [.. KernelTesting.Floats(length, length).Select(v => 10 * v)], expected = [.. x.Select(definition)];
            KernelTesting.AssertSameBits(expected, KernelTesting.RunFloat(new MathF32Kernel<T>(length), length, x),
                $"{typeof(T).Name} of {length}");
        }
    }
}
