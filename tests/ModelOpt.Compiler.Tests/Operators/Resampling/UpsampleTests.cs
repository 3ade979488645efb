using ModelOpt.Compiler.Onnx;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Resampling;

[TestClass]
internal sealed class UpsampleTests
{
    [TestMethod]
    [DataRow("nearest")]
    [DataRow("linear")]
    public void Results_agree_with_peers(string mode)
    {
        Tensor x = Signed(new Random(1), 1, 2, 3, 4);
        Node("Upsample", [x, Tensor.Vector(1f, 1, 2, 3)], 1, ("mode", mode)).AssertAgreesWithPeers(opset: 9);
        Node("Upsample", [x], 1, ("mode", mode), ("scales", new[] { 1f, 1, 2, 1.5f })).AssertAgreesWithPeers(opset: 7);
    }

    [TestMethod]
    public void It_is_read_as_a_Resize_of_its_name()
    {
        Graph graph = OnnxReader.Read(
            Node("Upsample", [Signed(new Random(2), 1, 2, 3, 4), Tensor.Vector(1f, 1, 2, 2)]).Model(opset: 9, fed: 1));
        Node resize = graph.Nodes.Single();
        Assert.AreEqual(("Resize", "asymmetric", "floor"),
            (resize.Type, resize.String("coordinate_transformation_mode", ""), resize.String("nearest_mode", "")));
    }
}
