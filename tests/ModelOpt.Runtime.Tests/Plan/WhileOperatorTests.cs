using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests.Plan;

[TestClass]
internal sealed class WhileOperatorTests
{
    [TestMethod]
    [DataRow("condition", "the condition is Float32[4], not one bool")]
    [DataRow("outputs", "the condition has 2 outputs, not 1")]
    [DataRow("body", "a subgraph has 2 outputs, and 1 are asked for")]
    [DataRow("shape", "output 'y' of a subgraph is Float32[2, 2], not Float32[4]")]
    [DataRow("itself", "runs subgraph 2, which it is a part of")]
    public void What_does_not_fit_the_subgraphs_is_refused(string what, string message)
    {
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, [4]), y = m.Tensor("y", TensorType.Float32, [4]);
        m.Operator(BuiltinOperator.While, [x], [y], new SubgraphOptions(BuiltinOptionsType.While, 1, 2));
        m.Subgraph([x], [y]);
        x = m.Tensor("x", TensorType.Float32, [4]);
        int goes = m.Constant("goes", TensorType.Bool, [], new byte[] { 0 });
        m.Subgraph([x], what == "condition" ? [x] : what == "outputs" ? [goes, goes] : [goes]);
        x = m.Tensor("x", TensorType.Float32, [4]);
        y = m.Tensor("y", TensorType.Float32, what == "shape" ? [2, 2] : [4]);
        m.Operator(what == "itself" ? BuiltinOperator.While : BuiltinOperator.Relu, [x], [y],
            what == "itself" ? new SubgraphOptions(BuiltinOptionsType.While, 1, 2) : null);
        m.Subgraph([x], what == "body" ? [y, y] : [y]);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidModelException>(() => TfliteModel.Load(m.Build())).Message, message);
    }
}
