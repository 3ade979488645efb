using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Resampling;

[TestClass]
internal sealed class RoiAlignTests
{
    private static readonly Tensor Regions = Tensor.Of<float>([3, 4], [0, 1, 7, 5, -2.9f, 2.7f, 4, 11, 5.2f, 0.3f, 5.9f, 0.7f]);

    [TestMethod]
    [DataRow("half_pixel", "avg")]
    [DataRow("output_half_pixel", "avg")]
    [DataRow("half_pixel", "max")]
    [DataRow("output_half_pixel", "max")]
    public void Results_agree_with_peers(string transformation, string mode)
    {
        foreach (long ratio in (long[])[1, 2, 3])
        {
            Node(
                "RoiAlign", [Signed(new Random(1), 2, 3, 6, 8), Regions, Tensor.Vector(1L, 0, 1)], 1, ("output_height", 2L),
                ("output_width", 3L), ("sampling_ratio", ratio), ("spatial_scale", 0.8f),
                ("coordinate_transformation_mode", transformation), ("mode", mode))
                    .AssertAgreesWithPeers(3);
        }
    }

    [TestMethod]
    public void Before_opset_16_corners_are_not_moved() => Node(
        "RoiAlign", [Signed(new Random(1), 2, 3, 6, 8), Regions, Tensor.Vector(1L, 0, 1)], 1, ("output_height", 2L), ("sampling_ratio", 2L))
            .AssertAgreesWithPeers(3, opset: 11);

    [TestMethod]
    [DataRow("avg")]
    [DataRow("max")]
    public void The_size_of_a_bin_says_how_many_points_it_has(string mode)
    {
        Node node = Node(
            "RoiAlign", [Signed(new Random(1), 2, 3, 6, 8), Regions, Tensor.Vector(1L, 0, 1)], 1,
            ("output_height", 2L), ("output_width", 3L), ("mode", mode));
        float[] expected = Elements.ToFloats(node.RunPeer()[0]), actual = Elements.ToFloats(node.Run()[0]);
        for (int i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], actual[i], 1e-5f);
    }

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        Assert.AreEqual("MOPT2004", Node("RoiAlign", [Floats(1, 2, 4, 4), Floats(3, 5), Tensor.Vector(0L, 0, 0)]).InferError());
        Assert.AreEqual("MOPT2002", Node(
            "RoiAlign", [Floats(1, 2, 4, 4), Floats(3, 4), Tensor.Vector(0L, 0, 0)], 1, ("mode", "mean")).InferError());
    }
}
