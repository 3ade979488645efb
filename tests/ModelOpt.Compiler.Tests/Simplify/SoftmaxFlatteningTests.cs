using ModelOpt.Compiler.Compile;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class SoftmaxFlatteningTests
{
    [TestMethod]
    [DataRow(0L)]
    [DataRow(1L)]
    [DataRow(2L)]
    public void A_sum_over_several_axes_becomes_one_of_a_matrix(long axis)
    {
        Tensor x = Signed(new Random(2), 2, 3, 4, 2);
        byte[] model = Operators.OperatorTesting.Node("Softmax", [x], 1, ("axis", axis)).Model(opset: 11);
        Graph graph = ModelCompiler.Read(model, "softmax.onnx", new CompileOptions());
        PassPipeline.Simplify(graph, new PassContext(new CompileOptions(), new Recipe(), new DiagnosticList()));
        StringAssert.EndsWith(graph.Types(), "Softmax Reshape");
        var feeds = new Dictionary<string, Tensor> { ["x0"] = x };
        Tensor[] expected = GraphTesting.RunPeer(model, feeds);
        GraphTesting.AssertClose(expected, graph.Interpret(feeds));
        GraphTesting.AssertClose(expected, graph.RunPeer(feeds));
        GraphTesting.AssertClose(expected, TfliteRunner.Run(Lowering.Write(graph), x));
    }

    [TestMethod]
    public void One_axis_stays_as_it_is()
    {
        byte[] model = Node("Softmax", [Tensor.Zeros(ElementType.Float32, [2, 5, 1])]).Model(opset: 11);
        Graph graph = ModelCompiler.Read(model, "softmax.onnx", new CompileOptions());
        PassPipeline.Simplify(graph, new PassContext(new CompileOptions(), new Recipe(), new DiagnosticList()));
        Assert.AreEqual("Softmax", graph.Types());
    }
}
