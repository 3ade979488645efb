using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Convolution;

namespace ModelOpt.Runtime.Tests.Kernels.Convolution;

[TestClass]
internal sealed class FullyConnectedOperatorTests
{
    [TestMethod]
    [DataRow(nameof(TensorType.Float32), false)]
    [DataRow(nameof(TensorType.Float32), true)]
    [DataRow(nameof(TensorType.Int8), false)]
    public void The_operator_agrees_with_the_formula_in_double(string typeName, bool keepDimensions)
    {
        const int inputs = 6, outputs = 11, rows = 8;
        var type = Enum.Parse<TensorType>(typeName);
        bool quantized = type == TensorType.Int8;
        TestTensor x = TestTensor.Random(new Random(1), type, [2, 4, inputs], quantized ? 0.02f : 0, quantized ? 5 : 0);
        TestTensor w = TestTensor.Random(new Random(2), type, [outputs, inputs], quantized ? 0.01f : 0).AsConstant();
        double[] a = x.Real(), f = w.Real();
        double[] expected = [.. from row in Enumerable.Range(0, rows)
                                from m in Enumerable.Range(0, outputs)
                                select Math.Max(0, Enumerable.Range(0, inputs).Sum(k => a[(row * inputs) + k] * f[(m * inputs) + k]))];
        TestTensor actual = OperatorTesting.Run(
            BuiltinOperator.FullyConnected, new FullyConnectedOptions(ActivationFunction.Relu, keepDimensions), [x, w],
            OperatorTesting.Output(type, keepDimensions ? [2, 4, outputs] : [rows, outputs], quantized ? 0.05f : 0,
                quantized ? -100 : 0))[0];
        OperatorTesting.AssertClose(expected, actual);
    }

    [TestMethod]
    [DataRow(1, 300, 70)]
    [DataRow(1, 40, 377)]
    [DataRow(1, 5, 8)]
    [DataRow(1, 3, 250)]
    [DataRow(2, 17, 33)]
    [DataRow(7, 1, 1)]
    [DataRow(100, 31, 5)]
    public void Both_types_equal_the_definition(int batch, int inputs, int outputs)
    {
        byte[] x = KernelTesting.Bytes(batch * inputs, 1), f = KernelTesting.Weights(outputs * inputs, 2, unsigned: false);
        float[] xf = KernelTesting.Floats(batch * inputs, 3), ff = KernelTesting.Floats(outputs * inputs, 4);
        float[] biasf = KernelTesting.Floats(outputs, 5);
        var random = new Random(6);
        int[] bias = [.. Enumerable.Range(0, outputs).Select(_ => random.Next(-9999, 9999))];
        LayerQuantization q = KernelTesting.Quantization(random, outputs, inputs, unsigned: false);
        var expected = new byte[batch * outputs];
        var expectedf = new float[batch * outputs];
        for (int i = 0; i < batch; i++)
        {
            for (int j = 0; j < outputs; j++)
            {
                int sum = bias[j];
                float sumf = biasf[j];
                for (int p = 0; p < inputs; p++)
                {
                    sum += ((sbyte)x[(i * inputs) + p] - q.InputZeroPoint) * (sbyte)f[(j * inputs) + p];
                    sumf = MathF.FusedMultiplyAdd(xf[(i * inputs) + p], ff[(j * inputs) + p], sumf);
                }

                expected[(i * outputs) + j] = KernelTesting.Requantize(sum, q.Multiplier(j), q);
                expectedf[(i * outputs) + j] = Math.Max(sumf, 0);
            }
        }

        Kernel int8 = FullyConnected.Int8(batch, inputs, outputs, q, f, bias, unsigned: false, code: null);
        KernelTesting.AssertSame(expected, KernelTesting.Run(int8, expected.Length, x), "int8");
        foreach (Kernel kernel in KernelTesting.Assembled(c => FullyConnected.Int8(batch, inputs, outputs, q, f, bias, unsigned: false, c)))
            KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, expected.Length, x), "assembled");
        foreach (SimdTier tier in KernelTesting.Tiers)
        {
            Kernel float32 = FullyConnected.Float32(batch, inputs, outputs, ff, biasf, 0, float.PositiveInfinity, tier);
            KernelTesting.AssertSameBits(expectedf, KernelTesting.RunFloat(float32, expectedf.Length, xf), tier.ToString());
        }
    }
}
