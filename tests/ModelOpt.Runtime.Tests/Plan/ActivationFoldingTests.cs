using ModelOpt.Runtime.Tests.Kernels;
using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests.Plan;

/// <summary>8-bit activations folded into the operator before them, against the same operators kept apart.</summary>
[TestClass]
internal sealed class ActivationFoldingTests
{
    [TestMethod]
    [DataRow(nameof(BuiltinOperator.Relu), true)]
    [DataRow(nameof(BuiltinOperator.Relu6), true)]
    [DataRow(nameof(BuiltinOperator.ReluN1To1), true)]
    [DataRow(nameof(BuiltinOperator.Relu0To1), true)]
    [DataRow(nameof(BuiltinOperator.LeakyRelu), false)]
    public void An_activation_of_the_same_quantization_only_narrows_the_range(string activation, bool folds)
    {
        var op = Enum.Parse<BuiltinOperator>(activation);
        foreach (string producer in (string[])["convolution", "depthwise", "addition", "product", "average", "maximum"])
        {
            foreach (TensorType type in (TensorType[])[TensorType.Int8, TensorType.UInt8])
            {
                (int steps, Array folded) = Run(Build(producer, op, type, 0.05f, apart: false), type, 1);
                (int stepsApart, Array expected) = Run(Build(producer, op, type, 0.05f, apart: true), type, 2);
                Assert.AreEqual(2, stepsApart, producer);
                Assert.AreEqual(folds ? 1 : 2, steps, producer);
                CollectionAssert.AreEqual(expected, folded, $"{producer} {type}");
            }
        }
    }

    [TestMethod]
    public void An_activation_that_quantizes_anew_stays()
    {
        (int steps, _) = Run(Build("convolution", BuiltinOperator.Relu, TensorType.Int8, 0.04f, apart: false), TensorType.Int8, 1);
        Assert.AreEqual(2, steps);
    }

    private static (int Steps, Array Result) Run(byte[] file, TensorType type, int results)
    {
        using TfliteModel model = TfliteModel.Load(file);
        TestTensor[] kinds = [.. Enumerable.Repeat(OperatorTesting.Output(type, [1, 6, 5, 9], 0.05f), results)];
        TestTensor x = TestTensor.Random(new Random(3), type, [1, 6, 5, 9], 0.06f, 3);
        return (model.Plan.Steps.Length, OperatorTesting.Run(model, [x], kinds)[0].Values);
    }

    private static byte[] Build(string producer, BuiltinOperator op, TensorType type, float scale, bool apart)
    {
        var m = new TestModel();
        int[] shape = [1, 6, 5, 9];
        bool same = producer == "maximum";
        int zero = same ? 3 : 11;
        float between = same ? 0.06f : 0.05f;
        int x = m.Tensor("x", type, shape, 0.06f, 3), middle = m.Tensor("middle", type, shape, between, zero);
        int y = m.Tensor("y", type, shape, same && scale == 0.05f ? 0.06f : scale, zero);
        var none = ActivationFunction.None;
        switch (producer)
        {
            case "convolution":
                m.Operator(BuiltinOperator.Conv2D, [x, Weights([9, 3, 3, 9])], [middle], new Conv2DOptions(Padding.Same, 1, 1, none));
                break;
            case "depthwise":
                m.Operator(
                    BuiltinOperator.DepthwiseConv2D, [x, Weights([1, 3, 3, 9])], [middle],
                    new DepthwiseConv2DOptions(Padding.Same, 1, 1, 1, none));
                break;
            case "addition":
                m.Operator(BuiltinOperator.Add, [x, x], [middle], new ArithmeticOptions(BuiltinOptionsType.Add, none));
                break;
            case "product":
                m.Operator(BuiltinOperator.Mul, [x, x], [middle], new ArithmeticOptions(BuiltinOptionsType.Mul, none));
                break;
            default:
                m.Operator(
                    same ? BuiltinOperator.MaxPool2D : BuiltinOperator.AveragePool2D, [x], [middle],
                    new Pool2DOptions(Padding.Same, 1, 1, 3, 3, none));
                break;
        }

        m.Operator(op, [middle], [y], op == BuiltinOperator.LeakyRelu ? new LeakyReluOptions(0.5f) : null);
        return m.Build([x], apart ? [y, middle] : [y]);

        int Weights(int[] size)
        {
            byte[] bytes = KernelTesting.Weights(size.Aggregate(1, (a, b) => a * b), 5, unsigned: false);
            return type == TensorType.UInt8
                ? m.Constant("w", type, size, bytes, [0.01f], 128)
                : m.Constant("w", type, size, bytes.Select(value => (sbyte)value).ToArray(), [0.01f]);
        }
    }
}
