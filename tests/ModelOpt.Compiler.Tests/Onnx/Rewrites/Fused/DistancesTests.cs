namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class DistancesTests
{
    [TestMethod]
    [DataRow("euclidean")]
    [DataRow("sqeuclidean")]
    public void Of_each_row_from_each_other(string metric)
    {
        var model = new RewriteModel();
        string a = model.Input(ElementType.Float32, 3, 4), b = model.Input(ElementType.Float32, 5, 4);
        model.Output(model.Node("CDist", [a, b], ("metric", metric))).AssertAgrees();
    }
}
