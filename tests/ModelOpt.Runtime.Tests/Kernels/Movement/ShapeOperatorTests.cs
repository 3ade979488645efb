namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class ShapeOperatorTests
{
    [TestMethod]
    public void Sizes_are_known_when_the_model_is_loaded()
    {
        TestTensor x = TestTensor.Random(new Random(70), TensorType.UInt8, [2, 1, 6]);
        CollectionAssert.AreEqual((int[])[2, 1, 6], (int[])Run(BuiltinOperator.Shape, null, [x], Output(TensorType.Int32, [3]))[0].Values);
        CollectionAssert.AreEqual((long[])[2, 1, 6],
            (long[])Run(BuiltinOperator.Shape, null, [x], Output(TensorType.Int64, [3]))[0].Values);
        using TfliteModel model = TfliteModel.Load(Build(BuiltinOperator.Shape, null, [x], [Output(TensorType.Int32, [3])]));
        Assert.IsEmpty(model.Plan.Steps);
    }
}
