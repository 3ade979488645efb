namespace ModelOpt.Runtime.Tests.Kernels.Pooling;

[TestClass]
internal sealed class PoolOperatorTests
{
    [TestMethod]
    [DataRow(nameof(TensorType.Float32))]
    [DataRow(nameof(TensorType.Int8))]
    [DataRow(nameof(TensorType.UInt8))]
    public void Agrees_with_the_formula_in_double(string typeName)
    {
        var type = Enum.Parse<TensorType>(typeName);
        var random = new Random(51);
        foreach (int channels in (int[])[1, 7, 67])
        {
            foreach ((
                int kernel, int stride, Padding padding) in ((int, int, Padding)[])[(2, 2, Padding.Valid),
                (3, 2, Padding.Same), (9, 1, Padding.Valid)])
            {
                float scale = type == TensorType.Float32 ? 0 : 0.03f;
                int zero = type == TensorType.UInt8 ? 117 : type == TensorType.Int8 ? -9 : 0;
                TestTensor x = TestTensor.Random(random, type, [2, 9, 9, channels], scale, zero);
                int size = padding == Padding.Same ? 5 : ((9 - kernel) / stride) + 1;
                var options = new Pool2DOptions(padding, stride, stride, kernel, kernel, ActivationFunction.None);
                TestTensor max = Run(
                    BuiltinOperator.MaxPool2D, options, [x], Output(type, [2, size, size, channels], scale, zero))[0];
                AssertClose(Naive(x.Real(), channels, size, kernel, stride, padding, v => v.Max()), max);
                TestTensor mean = Run(
                    BuiltinOperator.AveragePool2D, options, [x],
                    Output(type, [2, size, size, channels], scale * 0.9f, zero - 3))[0];
                AssertClose(Naive(x.Real(), channels, size, kernel, stride, padding, v => v.Average()), mean);
            }
        }
    }

    private static double[] Naive(
        double[] x, int channels, int size, int kernel, int stride, Padding padding, Func<IEnumerable<double>, double> function)
    {
        int before = padding == Padding.Same ? Math.Max(0, ((size - 1) * stride) + kernel - 9) / 2 : 0;
        return [.. from n in Enumerable.Range(0, 2)
                   from oy in Enumerable.Range(0, size)
                   from ox in Enumerable.Range(0, size)
                   from c in Enumerable.Range(0, channels)
                   select function(
                       from ky in Enumerable.Range(0, kernel)
                       from kx in Enumerable.Range(0, kernel)
                       let y = (oy * stride) - before + ky
                       let z = (ox * stride) - before + kx
                       where y is >= 0 and < 9 && z is >= 0 and < 9
                       select x[(((((n * 9) + y) * 9) + z) * channels) + c])];
    }
}
