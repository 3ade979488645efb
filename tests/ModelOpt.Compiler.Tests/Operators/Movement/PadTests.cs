using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Operators.Movement;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Movement;

[TestClass]
internal sealed class PadTests
{
    [TestMethod]
    [DataRow("constant")]
    [DataRow("reflect")]
    [DataRow("edge")]
    public void Random_pads_agree_with_peers(string mode)
    {
        var random = new Random(mode.Length);
        for (int i = 0; i < 25; i++)
        {
            int[] dims = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Next(3, 7))];
            long[] pads = [.. Enumerable.Range(0, 2 * dims.Length).Select(_ => (long)random.Next(mode == "constant" ? -1 : 0, 3))];
            object?[] inputs = [Signed(random, dims), Tensor.Vector(pads)];
            if (mode == "constant" && i % 2 == 0) inputs = [.. inputs, Tensor.Scalar(0.5f)];
            Node("Pad", inputs, 1, ("mode", mode)).AssertAgreesWithPeers();
        }
    }

    [TestMethod]
    public void Older_and_newer_forms_are_read()
    {
        Tensor x = Signed(new Random(1), 2, 3, 4);
        Node("Pad", [x], 1, ("pads", new long[] { 0, 1, 2, 0, 0, 1 }), ("value", 2.5f)).AssertAgreesWithPeers(opset: 10);
        Node("Pad", [x], 1, ("pads", new long[] { 0, 1, 2, 0, 0, 1 }), ("mode", "reflect")).AssertAgreesWithPeers(opset: 2 + 5);
        Node("Pad", [x, Tensor.Vector(1L, 2, 0, 3), null, Tensor.Vector(-1L, 0)]).AssertAgreesWithPeers(opset: 18);
    }

    [TestMethod]
    [DataRow(ElementType.Int32)]
    [DataRow(ElementType.UInt8)]
    [DataRow(ElementType.Float64)]
    public void Other_types_are_padded(ElementType type)
    {
        Tensor fill = Compiler.Graphs.Casting.To(Tensor.Scalar(7f), type);
        Node("Pad", [Random(new Random(1), type, 2, 3), Tensor.Vector(1L, 0, 0, 2), fill]).AssertAgrees();
    }

    [TestMethod]
    public void A_computed_value_agrees_with_peers()
    {
        Tensor pads = Tensor.Vector(0L, 1, -1, 2, 0, 1);
        var g = new TestGraph();
        Value x = g.Input("x", 2, 3, 4), value = g.Input("value", 1);
        g.Output(g.Add("Pad", x, g.Constant(pads), value));
        Assert.AreEqual("SLICE PADV2", g.AssertLowers());
        Assert.IsNotNull(IntegerForm.WhyNot(g.Graph.Nodes[0]));
        Node node = Node("Pad", [Random(new Random(1), ElementType.Int32, 2, 3), Tensor.Vector(1L, 0, 0, 2), Tensor.Scalar(7)]);
        Tensor[] inputs = [node.Input(0).Constant!, node.Input(2).Constant!];
        node.Input(0).Constant = node.Input(2).Constant = null;
        var integers = new Graph { Inputs = { node.Input(0), node.Input(2) }, Outputs = { node.Output } };
        integers.Add(node);
        ShapeInference.Run(integers);
        byte[] file = Lowering.Write(integers);
        Tensor expected = new Interpreter(integers).Run(inputs)[0];
        CollectionAssert.AreEqual(expected.Bytes.ToArray(), TfliteRunner.Run(file, inputs)[0].Bytes.ToArray());
        CollectionAssert.AreEqual(expected.Bytes.ToArray(), TfliteRunner.RunLiteRt(file, inputs)[0].Bytes.ToArray());
    }

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        Assert.AreEqual(new Shape(N, 7), Node("Pad", [Floats(N, 4), Tensor.Vector(0L, 1, 0, 2)]).Infer().Shape);
        Assert.AreEqual("MOPT2004", Node("Pad", [Floats(N, 4), Tensor.Vector(0L, 1)]).InferError());
        Assert.AreEqual("MOPT2004", Node("Pad", [Floats(N, 4), Tensor.Vector(0L, -3, 0, -3)]).InferError());
        Assert.AreEqual("MOPT2005", Node("Pad", [Floats(N, 4), Tensor.Vector(0L, 1, 0, 0), Tensor.Scalar(1)]).InferError());
        Assert.AreEqual(
            "MOPT2006", Node("Pad", [Floats(N, 4), Tensor.Vector(0L, 1, 0, 0)], 1, ("mode", "symmetric")).InferError());
    }

    [TestMethod]
    public void Wrapping_agrees_with_peers()
    {
        Tensor x = WindowCases.Signed(new Random(17), 2, 3, 4);
        Node("Pad", [x, Tensor.Vector(0L, 1, 5, 1, 0, 3)], 1, ("mode", "wrap")).AssertAgreesWithPeers(opset: 19);
        Node("Pad", [x, Tensor.Vector(0L, 0, 3, 0, 0, -1)], 1, ("mode", "wrap")).AssertAgreesWithPeers(opset: 19);
    }
}
