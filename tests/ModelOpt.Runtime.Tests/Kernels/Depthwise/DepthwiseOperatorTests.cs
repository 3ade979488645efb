namespace ModelOpt.Runtime.Tests.Kernels.Depthwise;

/// <summary>Geometry and quantization of the operator; its bits are in ConvolutionOperatorTests and those of its kernels.</summary>
[TestClass]
internal sealed class DepthwiseOperatorTests
{
    [TestMethod]
    [DataRow(nameof(TensorType.Float32), 1)]
    [DataRow(nameof(TensorType.Float32), 3)]
    [DataRow(nameof(TensorType.Int8), 1)]
    [DataRow(nameof(TensorType.Int8), 2)]
    public void Agrees_with_the_formula_in_double(string typeName, int multiplier)
    {
        const int size = 9, channels = 7, window = 3, stride = 2, outputs = 5;
        var type = Enum.Parse<TensorType>(typeName);
        bool quantized = type == TensorType.Int8;
        TestTensor x = TestTensor.Random(new Random(1), type, [1, size, size, channels], quantized ? 0.02f : 0, quantized ? 5 : 0);
        TestTensor w = TestTensor.Random(new Random(2), type, [1, window, window, channels * multiplier], quantized ? 0.01f : 0)
            .AsConstant();
        double[] a = x.Real(), f = w.Real();
        double[] expected = [.. from oy in Enumerable.Range(0, outputs)
                                from ox in Enumerable.Range(0, outputs)
                                from c in Enumerable.Range(0, channels * multiplier)
                                select (
                                    from ky in Enumerable.Range(0, window)
                                    from kx in Enumerable.Range(0, window)
                                    let y = (oy * stride) - 1 + ky
                                    let z = (ox * stride) - 1 + kx
                                    where y is >= 0 and < size && z is >= 0 and < size
                                    select a[(((y * size) + z) * channels) + (c / multiplier)]
                                    * f[(((ky * window) + kx) * channels * multiplier) + c]).Sum()];
        TestTensor actual = Run(
            BuiltinOperator.DepthwiseConv2D, new DepthwiseConv2DOptions(Padding.Same, stride, stride, multiplier, ActivationFunction.None),
            [x, w],
            Output(type, [1, outputs, outputs, channels * multiplier], quantized ? 0.06f : 0, quantized ? -3 : 0))[0];
        AssertClose(expected, actual);
    }

    [TestMethod]
    public void Channels_that_the_weights_do_not_fit_are_refused()
    {
        TestTensor x = TestTensor.Random(new Random(1), TensorType.Float32, [1, 3, 3, 2]);
        TestTensor w = TestTensor.Random(new Random(2), TensorType.Float32, [1, 3, 3, 5]).AsConstant();
        var e = Assert.ThrowsExactly<InvalidModelException>(() => Run(
            BuiltinOperator.DepthwiseConv2D, new DepthwiseConv2DOptions(Padding.Same, 1, 1, 1, ActivationFunction.None), [x, w],
            Output(TensorType.Float32, [1, 3, 3, 5])));
        StringAssert.Contains(e.Message, "output channels are no multiple of the input channels");
    }
}
