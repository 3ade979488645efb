using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Compiler.Tests.Operators;
using ModelOpt.Runtime.Tflite;
using static ModelOpt.Compiler.Tests.Tflite.ForeignModel;

namespace ModelOpt.Compiler.Tests.Tflite.Lifts;

[TestClass]
internal sealed class ElementwiseTests
{
    [TestMethod]
    [DataRow(nameof(BuiltinOperator.SquaredDifference))]
    [DataRow(nameof(BuiltinOperator.FloorDiv))]
    [DataRow(nameof(BuiltinOperator.FloorMod))]
    [DataRow(nameof(BuiltinOperator.Maximum))]
    [DataRow(nameof(BuiltinOperator.Pow))]
    public void Two_operands_that_broadcast(string op)
    {
        ForeignModel model = new();
        model.AssertReads(model.Add(Enum.Parse<BuiltinOperator>(op), [model.Input(1, 3, 4, 5), model.Input(4, 1)], null, 1, 3, 4, 5));
    }

    [TestMethod]
    [DataRow(nameof(BuiltinOperator.Square))]
    [DataRow(nameof(BuiltinOperator.Rsqrt))]
    [DataRow(nameof(BuiltinOperator.ReluN1To1))]
    [DataRow(nameof(BuiltinOperator.Relu0To1))]
    [DataRow(nameof(BuiltinOperator.ZerosLike))]
    public void One_operand(string op)
    {
        ForeignModel model = new();
        model.AssertReads(model.Add(Enum.Parse<BuiltinOperator>(op), [model.Input(1, 3, 4, 5)], null, 1, 3, 4, 5));
    }

    [TestMethod]
    public void Operands_of_lower_rank_follow_a_layer_whose_channels_come_first()
    {
        ForeignModel model = new();
        TfliteTensor conv = model.Add(
            BuiltinOperator.Conv2D, [model.Input(1, 5, 6, 2), model.Weights(4, 3, 3, 2), model.Weights(4)],
            new Conv2DOptions(Padding.Same, 1, 1, ActivationFunction.Relu6), 1, 5, 6, 4);
        ArithmeticOptions product = new(BuiltinOptionsType.Mul, ActivationFunction.None);
        ArithmeticOptions sum = new(BuiltinOptionsType.Add, ActivationFunction.Relu);
        TfliteTensor scaled = model.Add(BuiltinOperator.Mul, [conv, model.Weights(4)], product, 1, 5, 6, 4);
        TfliteTensor shifted = model.Add(BuiltinOperator.Add, [model.Input(6, 4), scaled], sum, 1, 5, 6, 4);
        TfliteTensor sloped = model.Add(BuiltinOperator.PRelu, [shifted, model.Weights(1, 1, 4)], null, 1, 5, 6, 4);
        Assert.AreEqual("Transpose Conv Clip Mul Unsqueeze Transpose Add Relu PRelu Transpose", model.AssertReads(sloped));
    }

    [TestMethod]
    public void Half_precision_weights_are_constants_of_float32()
    {
        ForeignModel model = new();
        Tensor half = Casting.To(OperatorTesting.Random(new Random(2), ElementType.Float32, 4, 3), ElementType.Float16);
        TfliteTensor w = model.Add(BuiltinOperator.Dequantize, [Constant(half)], new EmptyOptions(BuiltinOptionsType.Dequantize), 4, 3);
        TfliteTensor y = model.Add(
            BuiltinOperator.FullyConnected, [model.Input(2, 3), w, model.Weights(4)],
            new FullyConnectedOptions(ActivationFunction.None), 2, 4);
        Assert.AreEqual("Gemm", model.AssertReads(y));
    }
}
