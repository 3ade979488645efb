using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests.Plan;

/// <summary>Models whose sizes depend on values.</summary>
[TestClass]
internal sealed class LaterStageTests
{
    /// <summary>What is cut.</summary>
    public static float[] Numbers { get; } = [1, 2, 3, 4, 5, 6];

    [TestMethod]
    public void A_slice_follows_its_computed_bounds()
    {
        using TfliteModel model = TfliteModel.Load(Slice());
        for (int i = 0; i < 3; i++)
        {
            CollectionAssert.AreEqual((float[])[2, 3], Cut(model, 1, 2));
            CollectionAssert.AreEqual((float[])[6], Cut(model, 5, 1));
            CollectionAssert.AreEqual((float[])[], Cut(model, 3, 0));
            CollectionAssert.AreEqual(Numbers, Cut(model, 0, -1));
        }

        Assert.IsNotNull(model.Plan.Next);
        Assert.IsTrue(model.Outputs[0].DependsOnValues);
        Assert.IsFalse(model.HasDynamicBatch);
    }

    [TestMethod]
    public void Bounds_that_do_not_fit_are_an_error_of_the_call_and_of_no_other()
    {
        using TfliteModel model = TfliteModel.Load(Slice());
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Cut(model, 5, 2)).Message, "does not fit");
        CollectionAssert.AreEqual((float[])[5, 6], Cut(model, 4, 2));
    }

    [TestMethod]
    public void Values_of_a_later_stage_say_the_sizes_of_the_next()
    {
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, [6]), places = m.Tensor("places", TensorType.Int64, [1, 1]);
        int first = m.Tensor("first", TensorType.Int64, [1]), y = m.Tensor("y", TensorType.Float32, [1]);
        m.Operator(BuiltinOperator.Where, [x], [places]);
        m.Operator(BuiltinOperator.Reshape, [places], [first], new VectorOptions(BuiltinOptionsType.Reshape, [-1]));
        m.Operator(
            BuiltinOperator.Slice, [x, first, m.Constant<int>("size", TensorType.Int32, [1], [-1])], [y],
            new EmptyOptions(BuiltinOptionsType.Slice));
        using TfliteModel model = TfliteModel.Load(m.Build([x], [y, places]));
        for (int at = 0; at < 6; at++)
        {
            float[] values = new float[6];
            values[at] = 7;
            using ModelCall call = model.Begin();
            call.SetInput<float>(0, values);
            call.Run();
            CollectionAssert.AreEqual((int[])[6 - at], call.GetOutputShape(0).ToArray());
            CollectionAssert.AreEqual((int[])[1, 1], call.GetOutputShape(1).ToArray());
            using ModelOutputs outputs = call.TakeOutputs();
            CollectionAssert.AreEqual(values[at..], outputs.Get<float>(0).ToArray());
            CollectionAssert.AreEqual((int[])[6 - at], outputs.GetShape(0).ToArray());
        }
    }

    [TestMethod]
    public void What_is_not_supported_is_refused_when_the_model_is_loaded()
    {
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, [6]), places = m.Tensor("places", TensorType.Int64, [1, 1]);
        int y = m.Tensor("y", TensorType.Int64, [1, 1]);
        m.Operator(BuiltinOperator.Where, [x], [places]);
        m.Operator((BuiltinOperator)250, [places], [y]);
        byte[] file = m.Build([x], [y]);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidModelException>(() => TfliteModel.Load(file)).Message, "not supported");
    }

    /// <summary>A model that cuts from begin, of a size; both are inputs.</summary>
    public static byte[] Slice()
    {
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, [6]), begin = m.Tensor("begin", TensorType.Int32, [1]);
        int size = m.Tensor("size", TensorType.Int32, [1]), y = m.Tensor("y", TensorType.Float32, [1]);
        m.Operator(BuiltinOperator.Slice, [x, begin, size], [y], new EmptyOptions(BuiltinOptionsType.Slice));
        return m.Build([x, begin, size], [y]);
    }

    /// <summary>What a model of <see cref="Slice"/> cuts from <see cref="Numbers"/>.</summary>
    public static float[] Cut(TfliteModel model, int begin, int size)
    {
        using ModelCall call = model.Begin();
        call.SetInput<float>(0, Numbers);
        call.SetInput<int>(1, [begin]);
        call.SetInput<int>(2, [size]);
        call.Run();
        float[] result = new float[call.GetOutputShape(0)[0]];
        call.GetOutput<float>(0, result);
        return result;
    }
}
