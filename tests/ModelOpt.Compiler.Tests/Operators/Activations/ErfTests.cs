using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Activations;

namespace ModelOpt.Compiler.Tests.Operators.Activations;

[TestClass]
internal sealed class ErfTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime() =>
        Node("Erf", [TestGraph.RandomTensor(1, 2, 5, 190)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values()
    {
        Assert.AreEqual(0.8427007929497149, Erf.Of(1), 1e-15);
        Assert.AreEqual(-0.9953222650189527, Erf.Of(-2), 1e-15);
        Assert.AreEqual(1, Erf.Of(double.PositiveInfinity));
        Assert.AreEqual(0, Erf.Of(0));
    }

    [TestMethod]
    public void Of_integers_it_is_1_from_4_on() =>
        Node("Erf", [Tensor.Vector<sbyte>(-5, -4, -3, 0, 3, 4, 5)]).AssertGives<sbyte>(-1, -1, 0, 0, 0, 1, 1);

    [TestMethod]
    public void A_file_has_it_as_a_composite()
    {
        Graph graph = OnnxReader.Read(Node("Erf", [Tensor.Vector(1f)]).Model(fed: 1));
        ShapeInference.Run(graph);
        Assert.AreEqual("modelopt.Erf", Runtime.Model.GraphReader.Read(Lowering.Write(graph)).Nodes[0].Name);
    }
}
