namespace ModelOpt.Runtime.Tests.Kernels.Recurrent;

[TestClass]
internal sealed class RecurrentOperatorTests
{
    private static readonly GateActivation _tanh = new(GateFunction.Tanh, 0, 0);
    private static readonly TestTensor _x = TestTensor.Float([1, 2, 1], 1, -2);
    private static readonly TestTensor _w = TestTensor.Float([1, 1, 1], 0.5f).AsConstant();
    private static readonly TestTensor _r = TestTensor.Float([1, 1, 1], 0.25f).AsConstant();

    [TestMethod]
    public void A_line_of_inputs_and_state()
    {
        TestTensor[] results = Run(
            BuiltinOperator.RNN, Options(new GateActivation(GateFunction.Affine, 1, 0.125f)), [_x, _w, _r],
            Output(TensorType.Float32, [1, 2, 1, 1]), Output(TensorType.Float32, [1, 1, 1]));
        CollectionAssert.AreEqual(new double[] { 0.625, -0.71875 }, results[0].Real());
        CollectionAssert.AreEqual(new[] { -0.71875 }, results[1].Real());
    }

    [TestMethod]
    public void What_contradicts_itself_is_refused()
    {
        Refused("options contradict", Options(_tanh, _tanh), _x, _w, _r);
        Refused("options contradict", Options(), _x, _w, _r);
        Refused("options contradict", Options(new GateActivation((GateFunction)11, 0, 0)), _x, _w, _r);
        Refused("options contradict", Options(_tanh) with { Direction = (RecurrentDirection)3 }, _x, _w, _r);
        Refused("no such activations", Options([.. Enumerable.Repeat(_tanh, 7)]), _x, _w, _r);
        Refused("input 1 is", Options(_tanh), _x, TestTensor.Float([1, 2, 1], 1, 2).AsConstant(), _r);
        Refused("input 2 is", Options(_tanh), _x, _w, TestTensor.Float([2, 1, 1], 1, 2).AsConstant());
        Refused("input 3 is", Options(_tanh), _x, _w, _r, TestTensor.Float([1, 1], 1).AsConstant());
        Refused("input 4 is", Options(_tanh), _x, _w, _r, null, TestTensor.Ints(1, 1));
        Refused("input 5 is", Options(_tanh), _x, _w, _r, null, null, TestTensor.Float([1, 1, 2], 1, 2).AsConstant());
        Refused("too many", Options(_tanh), _x, _w, _r, null, null, null, _r);
        Refused("3 dimensions", Options(_tanh), TestTensor.Float([2, 1], 1, 2), _w, _r);
        Refused("lacks input 2", Options(_tanh), _x, _w);
        TestTensor integer = new(TensorType.Int8, [1, 1, 1], new sbyte[] { 3 }, 0.5f, 0, true);
        Refused("input 2 is", Options(_tanh), _x, integer, _r);
        Refused("input 1 is", Options(_tanh), _x, integer with { Shape = [1, 2, 1], Values = new sbyte[2] }, integer);
        Refused("not symmetric", Options(_tanh), _x, integer with { ZeroPoint = 1 }, integer);
        Refused("not symmetric", Options(_tanh), _x, integer, integer with { Scale = float.NaN });
        Refused("constants with a scale", Options(_tanh), _x, integer with { IsConstant = false }, integer);
    }

    [TestMethod]
    public void Lengths_beyond_the_sequence_are_its_length()
    {
        TestTensor[] results = Run(
            BuiltinOperator.RNN, Options(_tanh), [_x, _w, _r, null, TestTensor.Ints(int.MaxValue)],
            Output(TensorType.Float32, [1, 2, 1, 1]), Output(TensorType.Float32, [1, 1, 1]));
        Assert.AreEqual(results[0].Real()[1], results[1].Real()[0]);
        results = Run(
            BuiltinOperator.RNN, Options(_tanh), [_x, _w, _r, null, TestTensor.Ints(int.MinValue)],
            Output(TensorType.Float32, [1, 2, 1, 1]), Output(TensorType.Float32, [1, 1, 1]));
        CollectionAssert.AreEqual(new double[2], results[0].Real());
    }

    private static RecurrentOptions Options(params GateActivation[] activations) =>
        new(RecurrentDirection.Forward, 0, false, false, activations);

    private static void Refused(string message, RecurrentOptions options, params TestTensor?[] inputs)
    {
        byte[] file = Build(
            BuiltinOperator.RNN, options, inputs, [Output(TensorType.Float32, [1, 2, 1, 1]), Output(TensorType.Float32, [1, 1, 1])]);
        InvalidModelException e = Assert.ThrowsExactly<InvalidModelException>(() => TfliteModel.Load(file));
        StringAssert.Contains(e.Message, message);
    }
}
