using ModelOpt.Runtime.Kernels.Recurrent;

namespace ModelOpt.Runtime.Tests.Kernels.Recurrent;

[TestClass]
internal sealed class RecurrentKernelTests
{
    [TestMethod]
    public void A_model_computes_what_the_layer_does()
    {
        var options = new RecurrentOptions(
            RecurrentDirection.Bidirectional, 0, false, false,
            [.. Enumerable.Repeat(new GateActivation(GateFunction.Sigmoid, 0, 0), 6)]);
        var shape = new RecurrentShape(RecurrentCell.Lstm, 3, 4, 5, 6);
        var random = new Random(3);
        TestTensor x = Make(3, 4, 5), w = Make(2, 24, 5), r = Make(2, 24, 6), b = Make(2, 48), state = Make(3, 2, 6), cell = Make(3, 2, 6);
        TestTensor peepholes = Make(2, 18), lengths = TestTensor.Ints(4, 1, 2);
        float[] y = new float[3 * 4 * 2 * 6], last = new float[3 * 2 * 6], cells = new float[3 * 2 * 6];
        new RecurrentLayer(shape, options, [], []).Run(
            Of(x), Of(w), Of(r), Of(b), [4, 1, 2], Of(state), Of(cell), Of(peepholes), y, last, cells);
        TestTensor[] results = [Output(TensorType.Float32, [3, 4, 2, 6]), .. Enumerable.Repeat(Output(TensorType.Float32, [3, 2, 6]), 2)];
        foreach (bool isConstant in (bool[])[true, false])
        {
            TestTensor[] actual = Run(
                BuiltinOperator.LSTM, options,
                [x, w with { IsConstant = isConstant }, r with { IsConstant = isConstant }, b, lengths, state, cell, peepholes], results);
            CollectionAssert.AreEqual(y, actual[0].Values);
            CollectionAssert.AreEqual(last, actual[1].Values);
            CollectionAssert.AreEqual(cells, actual[2].Values);
        }

        // Of integers, the file computes what the layer does with them.
        TestTensor u = MakeInt8(2, 24, 5), v = MakeInt8(2, 24, 6);
        new RecurrentLayer(
            shape, options, new IntegerWeights((sbyte[])u.Values, [u.Scale]), new IntegerWeights((sbyte[])v.Values, [v.Scale])).Run(
            Of(x), [], [], Of(b), [4, 1, 2], Of(state), Of(cell), Of(peepholes), y, last, cells);
        TestTensor[] integers = Run(BuiltinOperator.LSTM, options, [x, u, v, b, lengths, state, cell, peepholes], results);
        CollectionAssert.AreEqual(y, integers[0].Values);
        CollectionAssert.AreEqual(last, integers[1].Values);
        CollectionAssert.AreEqual(cells, integers[2].Values);

        TestTensor MakeInt8(params int[] dims) => TestTensor.Random(random, TensorType.Int8, dims, 0.01f).AsConstant();

        TestTensor Make(params int[] dims) => TestTensor.Random(random, TensorType.Float32, dims);

        static float[] Of(TestTensor tensor) => (float[])tensor.Values;
    }
}
