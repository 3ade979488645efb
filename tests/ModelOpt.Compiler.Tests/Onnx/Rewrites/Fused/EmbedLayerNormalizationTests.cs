namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class EmbedLayerNormalizationTests
{
    private const int Words = 11, Places = 9, Width = 8;
    private static readonly Tensor Ids = Tensor.Of<int>([2, 4], [3, 10, 0, 1, 7, 7, 2, 5]);

    [TestMethod]
    [DataRow(true, false)]
    [DataRow(true, true)]
    [DataRow(false, false)]
    public void Computes_what_ONNX_Runtime_does(bool hasSegments, bool hasPositions)
    {
        var model = new RewriteModel();
        string segments = hasSegments ? model.Constant(Tensor.Of<int>([2, 4], [0, 0, 1, 1, 1, 0, 1, 0])) : "";
        string[] inputs = [model.Constant(Ids), segments, model.Floats(1, Words, Width), model.Floats(1, Places, Width),
            hasSegments ? model.Floats(1, 2, Width) : "", model.Floats(1, Width), model.Floats(1, Width)];
        if (hasPositions) inputs = [.. inputs, "", model.Constant(Tensor.Of<int>([2, 4], [4, 3, 2, 1, 8, 0, 0, 5]))];
        string[] y = model.Nodes("EmbedLayerNormalization", inputs, 3, ("epsilon", 1e-5f));
        model.Proto.Graph.Node[^1].Output[1] = "";
        string shifted = model.Node("Add", [y[0], model.Input(ElementType.Float32, 2, 4, Width)]);
        model.Output(shifted).Output(y[2]).AssertAgrees();
    }

    [TestMethod]
    public void The_words_of_the_mask_are_counted()
    {
        var model = new RewriteModel();
        string[] inputs = [model.Constant(Ids), "", model.Floats(1, Words, Width), model.Floats(1, Places, Width), "",
            model.Floats(1, Width), model.Floats(1, Width), model.Constant(Tensor.Of<int>([2, 4], [1, 1, 1, 0, 1, 0, 0, 0]))];
        string[] y = model.Nodes("EmbedLayerNormalization", inputs, 2);
        string shifted = model.Node("Add", [y[0], model.Input(ElementType.Float32, 2, 4, Width)]);
        model.Output(shifted).Output(y[1], ElementType.Int32).AssertAgrees();
    }
}
