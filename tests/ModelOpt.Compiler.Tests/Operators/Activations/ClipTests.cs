using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Activations;

[TestClass]
internal sealed class ClipTests
{
    [TestMethod]
    [DataRow(0f, 6f)]
    [DataRow(-1f, 1f)]
    [DataRow(0f, 1f)]
    [DataRow(0f, null)]
    [DataRow(null, 0.25f)]
    [DataRow(-0.5f, null)]
    [DataRow(null, null)]
    public void Bounds_agree_with_peers(float? low, float? high) =>
        Node("Clip", [X(), low is { } l ? Tensor.Scalar(l) : null, high is { } h ? Tensor.Scalar(h) : null])
            .AssertAgreesWithPeers();

    [TestMethod]
    public void Bounds_that_are_computed_agree_with_peers() =>
        Node("Clip", [X(), Tensor.Scalar(-0.5f), Tensor.Scalar(2.5f)]).AssertAgreesWithPeers(fed: 3);

    [TestMethod]
    public void The_form_with_attributes_is_read()
    {
        Node("Clip", [X()], 1, ("min", -2f), ("max", 1.5f)).AssertAgreesWithPeers(opset: 6 + 4);
        Node("Clip", [X()], 1, ("max", 1.5f)).AssertAgreesWithPeers(opset: 9);
        Node node = Node("Clip", [Compiler.Graphs.Casting.To(X(), ElementType.Float64)], 1, ("min", -2f)).Normalized(10);
        Assert.AreEqual(ElementType.Float64, node.Infer().Type);
        Assert.AreEqual(ElementType.Float64, node.Input(1).Type);
    }

    [TestMethod]
    [DataRow(ElementType.Int8)]
    [DataRow(ElementType.Int64)]
    [DataRow(ElementType.Float64)]
    public void Other_types_are_clipped(ElementType type)
    {
        Tensor Of(float x) => Compiler.Graphs.Casting.To(Tensor.Scalar(x), type);
        Node("Clip", [Random(new Random(1), type, 5, 7), Of(1), Of(50)]).AssertAgrees();
    }

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        Assert.AreEqual("MOPT2004", Node("Clip", [Floats(N, 3), Tensor.Vector(1f, 2f)]).InferError());
        Assert.AreEqual("MOPT2005", Node("Clip", [Floats(N, 3), Tensor.Scalar(1)]).InferError());
    }

    private static Tensor X()
    {
        Tensor tensor = Signed(new Random(1), 2, 3, 37);
        foreach (ref float x in tensor.Span<float>()) x *= 8;
        return tensor;
    }

    [TestMethod]
    [DataRow(4, 8)]
    [DataRow(-1, 8)]
    [DataRow(-1, 1)]
    public void A_bound_is_one_number(params long[] dims)
    {
        var g = new TestGraph();
        Value x = g.Input("x", dims);
        g.Output(g.Add("Clip", [x, g.Scalar(0), x]));
        var e = Assert.ThrowsExactly<CompilationException>(() => g.Build());
        Assert.AreEqual("MOPT2004", e.Diagnostic.Descriptor.Code);
    }
}
