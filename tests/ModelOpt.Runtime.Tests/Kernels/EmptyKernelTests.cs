using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests.Kernels;

/// <summary>Tensors without elements are tensors: as inputs, outputs, constants and between operators.</summary>
[TestClass]
internal sealed class EmptyKernelTests
{
    [TestMethod]
    public void A_sum_of_nothing_is_zero_and_a_mean_of_nothing_not_a_number()
    {
        TestTensor x = TestTensor.Float([2, 0, 3]);
        TestTensor axis = TestTensor.Ints(1), sum = Output(TensorType.Float32, [2, 1, 3]);
        CollectionAssert.AreEqual(new float[6], Run(BuiltinOperator.Sum, new ReducerOptions(true), [x, axis], sum)[0].Values);
        CollectionAssert.AreEqual(
            Enumerable.Repeat(float.NaN, 6).ToArray(), Run(BuiltinOperator.Mean, new ReducerOptions(true), [x, axis], sum)[0].Values);
        CollectionAssert.AreEqual(
            new sbyte[] { 5, 5 },
            Run(
                BuiltinOperator.Sum, new ReducerOptions(false), [new(TensorType.Int8, [2, 0], Array.Empty<sbyte>(), 0.1f, 3), axis],
                Output(TensorType.Int8, [2], 0.2f, 5))[0].Values);
        Assert.ThrowsExactly<InvalidModelException>(() => Run(
            BuiltinOperator.Mean, new ReducerOptions(false), [new(TensorType.Int32, [2, 0], Array.Empty<int>()), axis],
            Output(TensorType.Int32, [2])));
    }

    [TestMethod]
    public void Pieces_may_be_empty()
    {
        TestTensor x = TestTensor.Float([2, 3], 1, 2, 3, 4, 5, 6);
        TestTensor[] parts = Run(
            BuiltinOperator.SplitV, null, [x, TestTensor.Ints(0, 3, 0), TestTensor.Ints(1)],
            Output(TensorType.Float32, [2, 0]), Output(TensorType.Float32, [2, 3]), Output(TensorType.Float32, [2, 0]));
        CollectionAssert.AreEqual(new[] { 0, 6, 0 }, parts.Select(p => p.Values.Length).ToArray());
        CollectionAssert.AreEqual(x.Values, parts[1].Values);
        TestTensor whole = Run(
            BuiltinOperator.Concatenation, new ConcatenationOptions(1, ActivationFunction.None),
            [parts[0], x, parts[2].AsConstant()], Output(TensorType.Float32, [2, 3]))[0];
        CollectionAssert.AreEqual(x.Values, whole.Values);
        foreach (TestTensor empty in Run(
            BuiltinOperator.Split, null, [TestTensor.Ints(0), TestTensor.Float([0, 3])],
            Output(TensorType.Float32, [0, 3]), Output(TensorType.Float32, [0, 3])))
            Assert.IsEmpty(empty.Values);
    }

    [TestMethod]
    public void What_is_padded_or_multiplied_may_be_empty()
    {
        TestTensor paddings = new(TensorType.Int32, [2, 2], new[] { 0, 0, 1, 2 }, IsConstant: true);
        TestTensor y = Run(
            BuiltinOperator.PadV2, null, [TestTensor.Float([2, 0]), paddings, TestTensor.Float([], 7).AsConstant()],
            Output(TensorType.Float32, [2, 3]))[0];
        CollectionAssert.AreEqual(Enumerable.Repeat(7f, 6).ToArray(), y.Values);
        y = Run(
            BuiltinOperator.BatchMatMul, new BatchMatMulOptions(false, false), [TestTensor.Float([2, 0]), TestTensor.Float([0, 2])],
            Output(TensorType.Float32, [2, 2]))[0];
        CollectionAssert.AreEqual(new float[4], y.Values);
    }

    [TestMethod]
    public void Whole_networks_may_compute_nothing()
    {
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, [0, 4, 4, 3]), c = m.Tensor("c", TensorType.Float32, [0, 2, 2, 5]);
        int flat = m.Tensor("flat", TensorType.Float32, [0, 20]), y = m.Tensor("y", TensorType.Float32, [0, 20]);
        m.Operator(
            BuiltinOperator.Conv2D, [x, m.Constant("w", TensorType.Float32, [5, 3, 3, 3], new float[135]), -1], [c],
            new Conv2DOptions(Padding.Valid, 1, 1, ActivationFunction.None));
        m.Operator(BuiltinOperator.Reshape, [c], [flat], new VectorOptions(BuiltinOptionsType.Reshape, [0, -1]));
        m.Operator(BuiltinOperator.Softmax, [flat], [y], new SoftmaxOptions(1));
        Assert.ThrowsExactly<InvalidModelException>(
            () => TfliteModel.Load(m.Build([x], [y])), "no size follows from nothing but 0");

        m = new TestModel();
        x = m.Tensor("x", TensorType.Int64, [0]);
        y = m.Tensor("y", TensorType.Float32, [0, 2]);
        m.Operator(
            BuiltinOperator.Gather, [m.Constant("table", TensorType.Float32, [3, 2], new float[6]), x], [y], new GatherOptions(0));
        using TfliteModel model = TfliteModel.Load(m.Build([x], [y]));
        model.Run<long, float>([], []);
    }
}
