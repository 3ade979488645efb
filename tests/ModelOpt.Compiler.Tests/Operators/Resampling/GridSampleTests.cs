using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Resampling;

[TestClass]
internal sealed class GridSampleTests
{
    [TestMethod]
    [DataRow("linear")]
    [DataRow("nearest")]
    [DataRow("cubic")]
    public void Images_agree_with_peers(string mode)
    {
        var random = new Random(1);
        foreach (string padding in (string[])["zeros", "border", "reflection"])
        {
            foreach (long aligns in (long[])[0, 1])
            {
                // Up to one and a half times as far as the edges.
                Tensor grid = Signed(random, 2, 3, 4, 2);
                foreach (ref float g in grid.Span<float>()) g *= 1.5f;
                Node("GridSample", [Signed(random, 2, 3, 5, 6), grid], 1,
                    ("mode", mode), ("padding_mode", padding), ("align_corners", aligns)).AssertAgreesWithPeers(2, opset: 20);
            }
        }
    }

    [TestMethod]
    [DataRow("linear")]
    [DataRow("nearest")]
    public void Volumes_agree_with_peers(string mode)
    {
        var random = new Random(2);
        foreach (string padding in (string[])["zeros", "border", "reflection"])
        {
            Tensor grid = Signed(random, 1, 2, 3, 4, 3);
            foreach (ref float g in grid.Span<float>()) g *= 1.5f;
            Node("GridSample", [Signed(random, 1, 2, 4, 5, 3), grid], 1, ("mode", mode), ("padding_mode", padding))
                .AssertAgreesWithPeers(2, opset: 20);
        }
    }

    [TestMethod]
    [DataRow("bilinear")]
    [DataRow("bicubic")]
    public void Modes_have_other_names_in_older_opsets(string mode) =>
        Node("GridSample", [Signed(new Random(3), 1, 2, 4, 4), Signed(new Random(4), 1, 3, 3, 2)], 1, ("mode", mode))
            .AssertAgreesWithPeers(2, opset: 16);

    [TestMethod]
    public void Points_between_elements_are_interpolated() => Node(
        "GridSample", [Tensor.Of<float>([1, 1, 1, 3], [1, 3, 7]), Tensor.Of<float>([1, 1, 2, 2], [-0.5f, 0, 0.5f, 0])], 1,
        ("align_corners", 1L))
            .AssertModelGives(opset: 20, 2, 5);

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        Assert.AreEqual("MOPT2004", Node("GridSample", [Floats(1, 2, 4, 4), Floats(1, 3, 3, 3)]).InferError());
        Assert.AreEqual("MOPT2006", Node("GridSample", [Floats(1, 2, 4, 4, 4), Floats(1, 3, 3, 3, 3)], 1, ("mode", "cubic")).InferError());
        Assert.AreEqual("MOPT2002", Node("GridSample", [Floats(1, 2, 4, 4), Floats(1, 3, 3, 2)], 1, ("padding_mode", "ones")).InferError());
    }
}
