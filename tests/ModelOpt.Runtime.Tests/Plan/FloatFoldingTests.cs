using ModelOpt.Runtime.Tests.Kernels;
using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests.Plan;

/// <summary>
/// Sums and concatenations in the convolutions before them, against the same operators kept apart: a result that is also an
/// output of the model is not folded away.
/// </summary>
[TestClass]
internal sealed class FloatFoldingTests
{
    [TestMethod]
    public void Concatenated_convolutions_give_the_bits_of_separate_operators()
    {
        foreach ((int first, int second, int kernel, int inputs) in ((int, int, int, int)[])[
            (64, 64, 3, 6), (5, 40, 1, 6), (1, 3, 3, 6), (33, 7, 1, 300)])
            Compare([first, second], kernel, inputs, concatenate: true, ActivationFunction.None);
    }

    [TestMethod]
    public void Added_convolutions_give_the_bits_of_separate_operators()
    {
        foreach (int channels in (int[])[1, 5, 16, 24, 47, 48, 64, 101])
        {
            Compare([channels, channels], 3, 6, concatenate: false, ActivationFunction.Relu);
            Compare([channels, channels], 1, 300, concatenate: false, ActivationFunction.None);
        }
    }

    private static void Compare(int[] channels, int kernel, int inputs, bool concatenate, ActivationFunction activation)
    {
        int outputs = concatenate ? channels.Sum() : channels[0];
        float[] x = KernelTesting.Floats(7 * 5 * inputs, outputs);
        (int foldedSteps, float[] folded) = Run(Build(apart: false), 1);
        (int steps, float[] expected) = Run(Build(apart: true), 3);
        Assert.AreEqual(2, foldedSteps);
        Assert.AreEqual(3, steps);
        KernelTesting.AssertSameBits(expected, folded, $"{string.Join('+', channels)} of {inputs}, {kernel}×{kernel}");

        (int Steps, float[] Result) Run(byte[] file, int results)
        {
            using TfliteModel model = TfliteModel.Load(file);
            TestTensor[] kinds = [.. ((int[])[outputs, .. channels]).Take(results).Select(
                c => OperatorTesting.Output(TensorType.Float32, [1, 7, 5, c]))];
            TestTensor y = OperatorTesting.Run(model, [TestTensor.Float([1, 7, 5, inputs], x)], kinds)[0];
            return (model.Plan.Steps.Length, (float[])y.Values);
        }

        byte[] Build(bool apart)
        {
            var m = new TestModel();
            int input = m.Tensor("x", TensorType.Float32, [1, 7, 5, inputs]),
                output = m.Tensor("y", TensorType.Float32, [1, 7, 5, outputs]);
            int[] parts = [.. channels.Select((c, i) => m.Tensor($"part {i}", TensorType.Float32, [1, 7, 5, c]))];
            for (int i = 0; i < parts.Length; i++)
            {
                int[] shape = [channels[i], kernel, kernel, inputs];
                int weights = m.Constant($"w {i}", TensorType.Float32, shape,
                    KernelTesting.Floats(channels[i] * kernel * kernel * inputs, i));
                int bias = m.Constant($"b {i}", TensorType.Float32, [channels[i]], KernelTesting.Floats(channels[i], 9 + i));
                var options = new Conv2DOptions(Padding.Same, 1, 1, i == 0 ? ActivationFunction.Relu6 : ActivationFunction.None);
                m.Operator(BuiltinOperator.Conv2D, [input, weights, bias], [parts[i]], options);
            }

            if (concatenate)
                m.Operator(BuiltinOperator.Concatenation, parts, [output], new ConcatenationOptions(3, ActivationFunction.None));
            else
                m.Operator(BuiltinOperator.Add, parts, [output], new ArithmeticOptions(BuiltinOptionsType.Add, activation));
            return m.Build([input], apart ? [output, .. parts] : [output]);
        }
    }
}
