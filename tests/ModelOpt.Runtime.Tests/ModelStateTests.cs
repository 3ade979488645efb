using ModelOpt.Runtime.Tests.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Tests;

/// <summary>Variables of files, and the state that callers keep.</summary>
[TestClass]
internal sealed class ModelStateTests
{
    [TestMethod]
    public void A_call_goes_on_from_run_to_run_and_the_next_starts_anew()
    {
        using TfliteModel model = TfliteModel.Load(Counter());
        Assert.IsTrue(model.HasState);
        Assert.AreEqual((1, 1), (model.Inputs.Count, model.Outputs.Count));
        for (int call = 0; call < 2; call++)
        {
            using ModelCall begun = model.Begin();
            CollectionAssert.AreEqual(new float[] { 11, 12 }, Add(begun, 1, 2));
            CollectionAssert.AreEqual(new float[] { 21, 32 }, Add(begun, 10, 20));
        }

        float[] once = new float[2];
        model.Run<float, float>([5, 5], once);
        CollectionAssert.AreEqual(new float[] { 15, 15 }, once);
    }

    [TestMethod]
    public void Conversations_keep_states_of_their_own()
    {
        using TfliteModel model = TfliteModel.Load(Counter());
        ModelState one = model.CreateState(), other = model.CreateState();
        CollectionAssert.AreEqual(new float[] { 11, 11 }, Say(one, 1, 1));
        CollectionAssert.AreEqual(new float[] { 12, 12 }, Say(other, 2, 2));
        CollectionAssert.AreEqual(new float[] { 12, 13 }, Say(one, 1, 2));
        one.Reset();
        CollectionAssert.AreEqual(new float[] { 10, 10 }, Say(one, 0, 0));
        CollectionAssert.AreEqual(new float[] { 15, 15 }, Say(other, 3, 3));
        using TfliteModel another = TfliteModel.Load(Counter());
        Assert.ThrowsExactly<ArgumentException>(() => another.Begin(one).Dispose());

        float[] Say(ModelState state, params float[] values)
        {
            using ModelCall call = model.Begin(state);
            return Add(call, values);
        }
    }

    [TestMethod]
    public void A_variable_that_nothing_writes_is_a_constant()
    {
        using TfliteModel model = TfliteModel.Load(Counter(writes: false));
        Assert.IsFalse(model.HasState);
        float[] result = new float[2];
        model.Run<float, float>([1, 2], result);
        CollectionAssert.AreEqual(new float[] { 11, 12 }, result);
    }

    [TestMethod]
    public void What_contradicts_itself_is_refused()
    {
        Refused("read before it has a value", Counter(begins: false));
        Refused("not as what the variable begins with", Counter(size: 3));
        Refused("more than give variables constants", Counter(inBeginning: BuiltinOperator.ReadVariable));
        var model = new TestModel();
        int x = model.Tensor("x", TensorType.Float32, [2]), y = model.Tensor("y", TensorType.Float32, [2]);
        model.Operator(BuiltinOperator.ReadVariable, [x], [y]);
        Refused("its first input is no variable", model.Build([x], [y]));
        model = new TestModel();
        x = model.Tensor("x", TensorType.Float32, [2]);
        model.Operator(BuiltinOperator.CallOnce, [], [], new NumberOptions(BuiltinOptionsType.CallOnce, 7));
        Refused("there is no subgraph 7", model.Build([x], [x]));
    }

    private static void Refused(string why, byte[] file) =>
        StringAssert.Contains(Assert.ThrowsExactly<InvalidModelException>(() => TfliteModel.Load(file)).Message, why);

    private static float[] Add(ModelCall call, params float[] values)
    {
        call.SetInput<float>(0, values);
        call.Run();
        float[] result = new float[values.Length];
        call.GetOutput<float>(0, result);
        return result;
    }

    /// <summary>Adds what it is given to a variable that begins with 10, and gives the sum.</summary>
    private static byte[] Counter(
        bool writes = true, bool begins = true, int size = 2, BuiltinOperator inBeginning = BuiltinOperator.AssignVariable)
    {
        var model = new TestModel();
        int x = model.Tensor("x", TensorType.Float32, [2]), v = model.Tensor("v", TensorType.Resource, []);
        int before = model.Tensor("before", TensorType.Float32, [2]), y = model.Tensor("y", TensorType.Float32, [2]);
        if (begins)
            model.Operator(BuiltinOperator.CallOnce, [], [], new NumberOptions(BuiltinOptionsType.CallOnce, 1));
        model.Operator(BuiltinOperator.VarHandle, [], [v], new VariableOptions("sum"));
        model.Operator(BuiltinOperator.ReadVariable, [v], [before]);
        model.Operator(BuiltinOperator.Add, [x, before], [y], new ArithmeticOptions(BuiltinOptionsType.Add, ActivationFunction.None));
        if (writes)
            model.Operator(BuiltinOperator.AssignVariable, [v, y], []);
        model.Subgraph([x], [y]);
        int handle = model.Tensor("w", TensorType.Resource, []);
        int ten = model.Constant("ten", TensorType.Float32, [size], Enumerable.Repeat(10f, size).ToArray());
        model.Operator(BuiltinOperator.VarHandle, [], [handle], new VariableOptions("sum"));
        model.Operator(inBeginning, [handle, ten], []);
        return model.Subgraph([], []).Build();
    }
}
