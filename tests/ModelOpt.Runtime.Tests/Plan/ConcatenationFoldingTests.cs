using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Tests.Kernels;
using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests.Plan;

/// <summary>
/// 8-bit convolutions that write into a concatenation, against the same operators kept apart; float32 is in
/// <see cref="FloatFoldingTests"/>.
/// </summary>
[TestClass]
internal sealed class ConcatenationFoldingTests
{
    [TestMethod]
    [DataRow(0.05f, true)]
    [DataRow(0.06f, false)]
    public void Convolutions_of_the_same_quantization_write_where_they_belong(float secondScale, bool folds)
    {
        byte[] x = KernelTesting.Bytes(7 * 5 * 12, 3);
        (int steps, sbyte[] folded) = Run(Build(apart: false), 1);
        (int stepsApart, sbyte[] expected) = Run(Build(apart: true), 3);
        Assert.AreEqual(3, stepsApart);
        Assert.AreEqual(folds && AssembledCode.TryCreate() is not null ? 2 : 3, steps);
        CollectionAssert.AreEqual(expected, folded);

        (int Steps, sbyte[] Result) Run(byte[] file, int results)
        {
            using TfliteModel model = TfliteModel.Load(file);
            TestTensor[] kinds = [.. ((int[])[77, 40, 37]).Take(results).Select(
                c => OperatorTesting.Output(TensorType.Int8, [1, 7, 5, c], 0.05f))];
            TestTensor input = new(TensorType.Int8, [1, 7, 5, 12], x.Select(value => (sbyte)value).ToArray());
            return (model.Plan.Steps.Length, (sbyte[])OperatorTesting.Run(model, [input], kinds)[0].Values);
        }

        byte[] Build(bool apart)
        {
            var m = new TestModel();
            int input = m.Tensor("x", TensorType.Int8, [1, 7, 5, 12], 0.02f, 3),
                output = m.Tensor("y", TensorType.Int8, [1, 7, 5, 77], 0.05f, -4);
            int[] channels = [40, 37];
            int[] parts = [.. channels.Select(
                (c, i) => m.Tensor($"part {i}", TensorType.Int8, [1, 7, 5, c], i == 0 ? 0.05f : secondScale, -4))];
            for (int i = 0; i < parts.Length; i++)
            {
                int size = i == 0 ? 1 : 3;
                sbyte[] values = [.. KernelTesting.Weights(channels[i] * size * size * 12, i, unsigned: false)
                    .Select(value => (sbyte)value)];
                int weights = m.Constant($"w {i}", TensorType.Int8, [channels[i], size, size, 12], values, [0.01f], 0);
                int bias = m.Constant($"b {i}", TensorType.Int32, [channels[i]], Enumerable.Range(-9, channels[i]).ToArray(),
                    [0.02f * 0.01f], 0);
                m.Operator(BuiltinOperator.Conv2D, [input, weights, bias], [parts[i]],
                    new Conv2DOptions(Padding.Same, 1, 1, ActivationFunction.Relu));
            }

            m.Operator(BuiltinOperator.Concatenation, parts, [output], new ConcatenationOptions(3, ActivationFunction.None));
            return m.Build([input], apart ? [output, .. parts] : [output]);
        }
    }
}
