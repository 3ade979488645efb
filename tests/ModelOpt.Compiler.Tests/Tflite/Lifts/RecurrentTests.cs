using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Tests.Operators;
using ModelOpt.Runtime;
using ModelOpt.Runtime.Tests.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Tests.Tflite.Lifts;

/// <summary>
/// Recurrent layers and variables, read into graphs whose states are inputs and outputs: run after run they give what the runtime gives,
/// which keeps the state itself.
/// </summary>
[TestClass]
internal sealed class RecurrentTests
{
    private const int Steps = 3, Inputs = 4, Units = 5;

    private readonly Random _random = new(1);

    [TestMethod]
    public void Lstms_of_all_forms()
    {
        foreach (bool isCoupled in (bool[])[false, true])
        foreach (bool sees in (bool[])[false, true])
        {
            CheckState("LSTM", model => Lstm(model, isCoupled, sees, sees, BuiltinOperator.UnidirectionalSequenceLstm));
            CheckState("LSTM", model => Lstm(model, isCoupled, sees, false, BuiltinOperator.Lstm));
        }
    }

    [TestMethod]
    public void Rnns_and_filters_of_the_past()
    {
        CheckState("RNN", model =>
        {
            int x = model.Tensor("x", TensorType.Float32, [1, Steps, Inputs]), y = model.Tensor("y", TensorType.Float32, [1, Steps, Units]);
            model.Operator(
                BuiltinOperator.UnidirectionalSequenceRnn, [x, .. Rnn(model)], [y],
                new NumberOptions(BuiltinOptionsType.SequenceRnn, false, (byte)ActivationFunction.Relu));
            return model.Build([x], [y]);
        });
        CheckState("RNN", model =>
        {
            int x = model.Tensor("x", TensorType.Float32, [1, Inputs]), y = model.Tensor("y", TensorType.Float32, [1, Units]);
            model.Operator(
                BuiltinOperator.Rnn, [x, .. Rnn(model)], [y], new NumberOptions(BuiltinOptionsType.Rnn, (byte)ActivationFunction.Tanh));
            return model.Build([x], [y]);
        });
        CheckState("RNN RNN Concat", model =>
        {
            int x = model.Tensor("x", TensorType.Float32, [Steps, 1, Inputs]);
            int y = model.Tensor("y", TensorType.Float32, [Steps, 1, 2 * Units]);
            model.Operator(
                BuiltinOperator.BidirectionalSequenceRnn, [x, .. Rnn(model), .. Rnn(model)], [y],
                new NumberOptions(BuiltinOptionsType.BidirectionalSequenceRnn, true, (byte)ActivationFunction.Tanh, true));
            return model.Build([x], [y]);
        });
        CheckState("Gemm", model =>
        {
            int x = model.Tensor("x", TensorType.Float32, [1, Inputs]), y = model.Tensor("y", TensorType.Float32, [1, Units]);
            int state = model.Tensor("state", TensorType.Float32, [1, 2 * Units * Steps], isVariable: true);
            model.Operator(
                BuiltinOperator.Svdf,
                [x, Constant(model, 2 * Units, Inputs), Constant(model, 2 * Units, Steps), Constant(model, Units), state], [y],
                new NumberOptions(BuiltinOptionsType.Svdf, 2, (byte)ActivationFunction.Relu));
            return model.Build([x], [y]);
        });
    }

    [TestMethod]
    public void A_variable_that_does_not_begin_with_zeros()
    {
        CheckState("Add Add Sub", model =>
        {
            int x = model.Tensor("x", TensorType.Float32, [1, Units]), v = model.Tensor("v", TensorType.Resource, []);
            int before = model.Tensor("before", TensorType.Float32, [1, Units]), y = model.Tensor("y", TensorType.Float32, [1, Units]);
            model.Operator(BuiltinOperator.CallOnce, [], [], new NumberOptions(BuiltinOptionsType.CallOnce, 1));
            model.Operator(BuiltinOperator.VarHandle, [], [v], new VariableOptions("sum"));
            model.Operator(BuiltinOperator.ReadVariable, [v], [before]);
            model.Operator(BuiltinOperator.Add, [x, before], [y], new ArithmeticOptions(BuiltinOptionsType.Add, ActivationFunction.None));
            model.Operator(BuiltinOperator.AssignVariable, [v, y], []);
            model.Subgraph([x], [y]);
            int handle = model.Tensor("w", TensorType.Resource, []);
            model.Operator(BuiltinOperator.VarHandle, [], [handle], new VariableOptions("sum"));
            model.Operator(BuiltinOperator.AssignVariable, [handle, Constant(model, 1, Units)], []);
            return model.Subgraph([], []).Build();
        });
    }

    [TestMethod]
    public void What_onnx_lacks_is_refused()
    {
        var model = new TestModel();
        int x = model.Tensor("x", TensorType.Float32, [1, Steps, Inputs]), y = model.Tensor("y", TensorType.Float32, [1, Steps, 2]);
        int[] operands = [x, .. Enumerable.Range(0, 8).Select(i => Constant(model, Units, i < 4 ? Inputs : 2)), -1, -1, -1,
            .. Enumerable.Range(0, 4).Select(_ => Constant(model, Units)), Constant(model, 2, Units), -1,
            model.Tensor("h", TensorType.Float32, [1, 2], isVariable: true),
                model.Tensor("c", TensorType.Float32, [1, Units], isVariable: true)];
        model.Operator(
            BuiltinOperator.UnidirectionalSequenceLstm, operands, [y], new SequenceLstmOptions(ActivationFunction.Tanh, 0, 0, false));
        CompilationException refused = Assert.ThrowsExactly<CompilationException>(() => ForeignModel.Read(model.Build([x], [y])));
        StringAssert.Contains(refused.Diagnostic.Message, "a projection");
    }

    private byte[] Lstm(TestModel model, bool isCoupled, bool sees, bool timeMajor, BuiltinOperator op)
    {
        int[] shape = op == BuiltinOperator.Lstm ? [1] : timeMajor ? [Steps, 1] : [1, Steps];
        int x = model.Tensor("x", TensorType.Float32, [.. shape, Inputs]), y = model.Tensor("y", TensorType.Float32, [.. shape, Units]);
        int Gate(int gate, params int[] sizes) => isCoupled && gate == 0 ? -1 : Constant(model, sizes);
        int[] gates = [0, 1, 2, 3];
        int[] operands =
        [
            x, .. gates.Select(g => Gate(g, Units, Inputs)), .. gates.Select(g => Gate(g, Units, Units)),
            .. gates[..3].Select(g => sees ? Gate(g, Units) : -1), .. gates.Select(g => Gate(g, Units)), -1, -1,
            model.Tensor("h", TensorType.Float32, [1, Units], isVariable: true),
            model.Tensor("c", TensorType.Float32, [1, Units], isVariable: true), -1, -1, -1, -1,
        ];
        if (op == BuiltinOperator.Lstm)
            model.Operator(op, operands, [y], new NumberOptions(BuiltinOptionsType.Lstm, (byte)ActivationFunction.Tanh, 10f, 0f));
        else
            model.Operator(op, operands, [y], new SequenceLstmOptions(ActivationFunction.Tanh, 10, 0, timeMajor));
        return model.Build([x], [y]);
    }

    private int[] Rnn(TestModel model) =>
        [Constant(model, Units, Inputs), Constant(model, Units, Units), Constant(model, Units),
            model.Tensor("h", TensorType.Float32, [1, Units], isVariable: true)];

    private void CheckState(string layers, Func<TestModel, byte[]> build)
    {
        byte[] file = build(new TestModel());
        Graph graph = ForeignModel.Read(file);
        string[] types = layers.Split(' ').Distinct().ToArray();
        Assert.AreEqual(layers, string.Join(' ', graph.Types().Split(' ').Where(types.Contains)));
        Assert.IsNotEmpty(graph.States);
        byte[] again = Lowering.Write(graph);
        using TfliteModel model = TfliteModel.Load(file);
        using ModelCall call = model.Begin();
        Tensor[] states = [.. graph.States.Select(s =>
            Tensor.Zeros(ElementType.Float32, Known(graph.Inputs.First(i => i.Name == s.Input))))];
        for (int run = 0; run < 3; run++)
        {
            Tensor x = OperatorTesting.Random(_random, ElementType.Float32, Known(graph.Inputs[0]));
            call.SetInput<float>(0, x.Span<float>());
            call.Run();
            Tensor y = Tensor.Zeros(ElementType.Float32, call.GetOutputShape(0));
            call.GetOutput(0, y.Span<float>());
            Tensor[] fed = [x, .. states], results = new Interpreter(graph).Run(fed);
            GraphTesting.AssertClose([y], results[..1]);
            GraphTesting.AssertClose(results, TfliteRunner.Run(again, fed));
            states = results[1..];
        }
    }

    private static int[] Known(Value value) => [.. value.Shape!.Select(d => (int)d.Size)];

    private int Constant(TestModel model, params int[] shape) => model.Constant(
        "c", TensorType.Float32, shape, OperatorTesting.Random(_random, ElementType.Float32, shape).Span<float>().ToArray());
}
