using ModelOpt.Runtime.Tests.Kernels;
using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests.Plan;

/// <summary>Functions of one 8-bit tensor as tables, against the same nodes with every result an output of the model.</summary>
[TestClass]
internal sealed class TableFoldingTests
{
    private static readonly int[] Shape = [1, 5, 11, 13];

    [TestMethod]
    [DataRow(TensorType.Int8)]
    [DataRow(TensorType.UInt8)]
    public void A_product_with_its_own_sigmoid_is_one_step(TensorType type)
    {
        (int steps, Array folded) = Run(type, m => Swish(m, type));
        Assert.AreEqual(1, steps);
        CollectionAssert.AreEqual(Apart(type, m => Swish(m, type)), folded);
    }

    [TestMethod]
    public void Floats_between_and_a_reshape()
    {
        (int steps, Array folded) = Run(TensorType.Int8, Floats);
        Assert.AreEqual(1, steps);
        CollectionAssert.AreEqual(Apart(TensorType.Int8, Floats), folded);
    }

    [TestMethod]
    public void A_result_in_float()
    {
        static int[] Build(TestModel m) => [.. Floats(m)[..^1]];
        (int steps, Array folded) = Run(TensorType.Int8, Build, TensorType.Float32);
        Assert.AreEqual(1, steps);
        CollectionAssert.AreEqual(Apart(TensorType.Int8, Build, TensorType.Float32), folded);
    }

    [TestMethod]
    public void A_sum_in_the_end_is_none_that_a_convolution_takes()
    {
        static int[] Build(TestModel m)
        {
            int[] swish = Swish(m, TensorType.Int8);
            int y = m.Tensor("sum", TensorType.Int8, Shape, 0.08f, 4);
            m.Operator(BuiltinOperator.Add, [0, swish[^1]], [y], Arithmetic(BuiltinOptionsType.Add));
            return [.. swish, y];
        }

        (int steps, Array folded) = Run(TensorType.Int8, Build);
        Assert.AreEqual(1, steps);
        CollectionAssert.AreEqual(Apart(TensorType.Int8, Build), folded);
    }

    [TestMethod]
    public void What_varies_by_channel_or_meets_another_tensor_stays()
    {
        (int steps, _) = Run(TensorType.Int8, m =>
        {
            int scaled = m.Tensor("scaled", TensorType.Int8, Shape, 0.05f, 0), y = m.Tensor("y", TensorType.Int8, Shape, 0.05f, 1);
            int factors = m.Constant("factors", TensorType.Int8, [13], KernelTesting.Bytes(13, 1), [0.01f], 0, 0);
            m.Operator(BuiltinOperator.Mul, [0, factors], [scaled], Arithmetic(BuiltinOptionsType.Mul));
            m.Operator(BuiltinOperator.Tanh, [scaled], [y]);
            return [scaled, y];
        });
        Assert.AreEqual(2, steps);
    }

    private static int[] Swish(TestModel m, TensorType type)
    {
        int zero = type == TensorType.UInt8 ? 0 : -128;
        int gate = m.Tensor("gate", type, Shape, 1 / 256f, zero), y = m.Tensor("y", type, Shape, 0.03f, zero + 9);
        m.Operator(BuiltinOperator.Logistic, [0], [gate]);
        m.Operator(BuiltinOperator.Mul, [0, gate], [y], Arithmetic(BuiltinOptionsType.Mul));
        return [gate, y];
    }

    private static int[] Floats(TestModel m)
    {
        int[] flat = [5 * 11 * 13];
        int real = m.Tensor("real", TensorType.Float32, Shape), row = m.Tensor("row", TensorType.Float32, flat);
        int square = m.Tensor("square", TensorType.Float32, flat), sum = m.Tensor("sum", TensorType.Float32, flat);
        int y = m.Tensor("y", TensorType.Int8, flat, 0.07f, -128);
        m.Operator(BuiltinOperator.Dequantize, [0], [real]);
        m.Operator(
            BuiltinOperator.Reshape, [real, m.Constant("flat", TensorType.Int32, [1], flat)], [row]);
        m.Operator(BuiltinOperator.Mul, [row, row], [square], Arithmetic(BuiltinOptionsType.Mul));
        m.Operator(BuiltinOperator.Exp, [square], [sum]);
        m.Operator(BuiltinOperator.Quantize, [sum], [y]);
        return [real, square, sum, y];
    }

    private static ArithmeticOptions Arithmetic(BuiltinOptionsType type) => new(type, ActivationFunction.None);

    private static Array Apart(TensorType type, Func<TestModel, int[]> build, TensorType result = TensorType.Int8) =>
        Run(type, build, result, true).Result;

    private static (int Steps, Array Result) Run(
        TensorType type, Func<TestModel, int[]> build, TensorType result = TensorType.Int8, bool apart = false)
    {
        var m = new TestModel();
        int x = m.Tensor("x", type, Shape, 0.06f, 3);
        int[] values = build(m);
        using TfliteModel model = TfliteModel.Load(m.Build([x], apart ? [.. values.Reverse()] : [values[^1]]));
        result = result == TensorType.Int8 ? type : result;
        TestTensor input = TestTensor.Random(new Random(3), type, Shape, 0.06f, 3);
        TestTensor[] kinds = [.. model.Outputs.Select(o => o.ElementType == typeof(float)
            ? OperatorTesting.Output(TensorType.Float32, o.Shape.ToArray())
            : OperatorTesting.Output(type, o.Shape.ToArray(), 0.05f))];
        return (model.Plan.Steps.Length, OperatorTesting.Run(model, [input], kinds)[0].Values);
    }
}
