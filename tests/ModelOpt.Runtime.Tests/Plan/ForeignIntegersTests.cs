using ModelOpt.Runtime.Tests.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Tests.Plan;

/// <summary>Layers of int16, and forms that never come to an end.</summary>
[TestClass]
internal sealed class ForeignIntegersTests
{
    [TestMethod]
    public void Layers_of_16_bits_are_real_numbers_that_are_rounded()
    {
        var model = new TestModel();
        int x = model.Tensor("x", TensorType.Int16, [1, 2], 0.5f), y = model.Tensor("y", TensorType.Int16, [1, 2], 0.25f);
        int w = model.Constant("w", TensorType.Int8, [2, 2], new sbyte[] { 1, 2, -3, 4 }, [0.5f, 0.125f]);
        int b = model.Constant("b", TensorType.Int64, [2], new long[] { 3, -5 });
        model.Operator(BuiltinOperator.FullyConnected, [x, w, b], [y], new FullyConnectedOptions(ActivationFunction.Relu));
        using TfliteModel loaded = TfliteModel.Load(model.Build([x], [y]));
        short[] result = new short[2];
        loaded.Run<short, short>([10, -3], result);
        // 5·0.5 − 1.5·1 + 3·0.25, and −5·0.375 − 1.5·0.5 − 5·0.0625, which is below zero.
        CollectionAssert.AreEqual(new short[] { 7, 0 }, result);
    }

    [TestMethod]
    public void Types_that_lead_nowhere_are_refused()
    {
        // A second output of int16, floats with a scale, and an LSTM that gives what it cannot.
        var model = new TestModel();
        int x = model.Tensor("x", TensorType.Int16, [2], 0.5f), y = model.Tensor("y", TensorType.Int16, [2], 0.5f);
        int z = model.Tensor("z", TensorType.Int16, [2], 0.5f);
        model.Operator(BuiltinOperator.Relu, [x], [y, z]);
        Refused(model.Build([x], [y]));
        model = new TestModel();
        x = model.Tensor("x", TensorType.Float32, [2], 0.5f);
        y = model.Tensor("y", TensorType.Float32, [2], 0.5f);
        model.Operator(BuiltinOperator.Quantize, [x], [y]);
        Refused(model.Build([x], [y]));
        model = new TestModel();
        x = model.Tensor("x", TensorType.Float32, [1, 1, 1]);
        y = model.Tensor("y", TensorType.Float16, [1, 1, 1], 0.5f);
        model.Operator(
            BuiltinOperator.UnidirectionalSequenceLstm, [x, .. Enumerable.Repeat(-1, 23)], [y],
            new SequenceLstmOptions(ActivationFunction.Tanh, 0, 0, false));
        Refused(model.Build([x], [y]));
    }

    private static void Refused(byte[] file) => Assert.ThrowsExactly<InvalidModelException>(() => TfliteModel.Load(file));
}
