namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class WhereOperatorTests
{
    [TestMethod]
    public void The_places_are_found_anew_in_each_run()
    {
        foreach (TensorType type in (TensorType[])[TensorType.Float32, TensorType.Int8, TensorType.UInt8, TensorType.Bool, TensorType.Int32,
            TensorType.Int64])
        {
            using TfliteModel model = TfliteModel.Load(Build(
                BuiltinOperator.Where, null, [TestTensor.Random(new Random(1), type, [2, 3])], [Output(TensorType.Int64, [1, 2])]));
            for (int seed = 0; seed < 20; seed++)
            {
                TestTensor x = TestTensor.Random(new Random(seed), type, [2, 3]);
                for (int i = 0; i < 6; i++)
                {
                    if (i % 3 == seed % 4) Array.Clear(x.Values, i, 1);
                }

                long[] places = (long[])Run(model, [x], [Output(TensorType.Int64, [])])[0].Values;
                double[] real = x.Real();
                CollectionAssert.AreEqual(
                    Enumerable.Range(0, 6).Where(i => real[i] != 0).SelectMany(i => (long[])[i / 3, i % 3]).ToArray(),
                    places, $"{type} {seed}");
            }
        }
    }

    [TestMethod]
    public void A_constant_is_searched_when_the_model_is_loaded()
    {
        TestTensor y = Run(BuiltinOperator.Where, null, [TestTensor.Ints(0, 5, -1)], Output(TensorType.Int64, [2, 1]))[0];
        CollectionAssert.AreEqual((long[])[1, 2], (long[])y.Values);
    }

    [TestMethod]
    public void Selecting_and_other_types_are_refused()
    {
        TestTensor c = TestTensor.Random(new Random(1), TensorType.Bool, [2]),
            x = TestTensor.Random(new Random(1), TensorType.Float32, [2]);
        Assert.ThrowsExactly<InvalidModelException>(
            () => TfliteModel.Load(Build(BuiltinOperator.Where, null, [c, x, x], [Output(TensorType.Float32, [2])])));
    }
}
