using ModelOpt.Compiler.Graphs;
using static ModelOpt.Compiler.Tests.Operators.OperatorTesting;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators;

[TestClass]
public sealed class PadTests
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
        Tensor fill = Compiler.Operators.Casting.To(Tensor.Scalar(7f), type);
        Node("Pad", [Random(new Random(1), type, 2, 3), Tensor.Vector(1L, 0, 0, 2), fill]).AssertAgrees();
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
