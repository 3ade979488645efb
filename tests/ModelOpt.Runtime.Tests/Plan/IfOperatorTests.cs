using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests.Plan;

[TestClass]
internal sealed class IfOperatorTests
{
    [TestMethod]
    [DataRow(3, 2, "runs subgraph 3 of 3")]
    [DataRow(1, -1, "runs subgraph -1 of 3")]
    [DataRow(1, 0, "runs subgraph 0, which it is a part of")]
    public void Subgraphs_that_are_not_there_or_run_themselves_are_refused(int then, int other, string message) =>
        AssertRefused(SubgraphModels.If(then, other), message);

    [TestMethod]
    [DataRow("a bool of two", "the condition is Bool[2], not one bool")]
    [DataRow("one input more", "a subgraph has 1 inputs, and 2 are given")]
    [DataRow("another shape", "input 'x' of a subgraph is Float32[4], and Float32[2, 2] is given")]
    [DataRow("two outputs", "it has 1 outputs, not 2")]
    [DataRow("another result", "tensor 'y' is Float32[2, 2] in the file, but Float32[4] by the inputs")]
    public void What_does_not_fit_the_subgraphs_is_refused(string what, string message)
    {
        var m = new TestModel();
        int flag = m.Tensor("flag", TensorType.Bool, what == "a bool of two" ? [2] : []);
        int x = m.Tensor("x", TensorType.Float32, what == "another shape" ? [2, 2] : [4]);
        int y = m.Tensor("y", TensorType.Float32, what == "another result" ? [2, 2] : [4]), z = m.Tensor("z", TensorType.Float32, [4]);
        m.Operator(BuiltinOperator.If, what == "one input more" ? [flag, x, x] : [flag, x], what == "two outputs" ? [y, z] : [y],
            new SubgraphOptions(BuiltinOptionsType.If, 1, 1));
        m.Subgraph([flag, x], [y]);
        x = m.Tensor("x", TensorType.Float32, [4]);
        y = m.Tensor("y", TensorType.Float32, [4]);
        m.Operator(BuiltinOperator.Relu, [x], [y]);
        AssertRefused(m.Subgraph([x], [y]), message);
    }

    [TestMethod]
    public void Many_subgraphs_that_run_the_next_twice_are_refused_soon()
    {
        var m = new TestModel();
        for (int i = 0; i < 40; i++)
        {
            int flag = m.Tensor("flag", TensorType.Bool, []), y = m.Tensor("y", TensorType.Bool, []);
            m.Operator(BuiltinOperator.If, [flag, flag], [y], new SubgraphOptions(BuiltinOptionsType.If, i + 1, i + 1));
            m.Subgraph([flag], [y]);
        }

        AssertRefused(m, "16 deep");
    }

    [TestMethod]
    public void Options_of_another_operator_are_refused()
    {
        var m = new TestModel();
        int flag = m.Tensor("flag", TensorType.Bool, []), y = m.Tensor("y", TensorType.Bool, []);
        m.Operator(BuiltinOperator.If, [flag, flag], [y]);
        AssertRefused(m.Subgraph([flag], [y]), "runs subgraph 0, which it is a part of");
    }

    private static void AssertRefused(TestModel model, string message) =>
        StringAssert.Contains(Assert.ThrowsExactly<InvalidModelException>(() => TfliteModel.Load(model.Build())).Message, message);
}
