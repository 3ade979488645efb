using ModelOpt.Compiler.Onnx;
using ModelOpt.Runtime;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Resampling;

/// <summary>Values are ONNX's conformance cases' matter, gradients <see cref="GradientTests"/>'.</summary>
[TestClass]
internal sealed class ResizeTests
{
    [TestMethod]
    public void An_open_batch_stays_where_its_scale_is_1()
    {
        Node node = Node("Resize", [Floats(new Dim(-1, "N"), 3, 4, 5), null, Tensor.Vector(1f, 1f, 2f, 0.5f)]);
        Operator.Of(node).InferShapes(node);
        Assert.AreEqual(new Shape(new Dim(-1, "N"), 3, 8, 2), node.Output.Shape);
    }

    [TestMethod]
    [DataRow("mode", "sinc")]
    [DataRow("coordinate_transformation_mode", "half")]
    [DataRow("keep_aspect_ratio_policy", "larger")]
    public void What_is_not_supported_is_told(string name, string value)
    {
        Node node = Node("Resize", [Floats(1, 3, 4, 5), null, Tensor.Vector(1f, 1f, 2f, 2f)], 1, (name, value));
        Assert.AreEqual("MOPT2006", Assert.ThrowsExactly<CompilationException>(
            () => Operator.Of(node).InferShapes(node)).Diagnostic.Descriptor.Code);
    }

    [TestMethod]
    [DataRow(new float[] { 1, 1, 2 })]
    [DataRow(new float[] { 1, 1, 0, 2 })]
    [DataRow(new float[] { 1, 1, float.NaN, 2 })]
    [DataRow(new float[] { 1, 1, 1e30f, 2 })]
    public void Scales_that_do_not_fit_are_told(float[] scales)
    {
        Node node = Node("Resize", [Floats(1, 3, 4, 5), null, Tensor.Vector<float>(scales)]);
        Assert.AreEqual("MOPT2004", Assert.ThrowsExactly<CompilationException>(
            () => Operator.Of(node).InferShapes(node)).Diagnostic.Descriptor.Code);
    }

    [TestMethod]
    [DataRow("nearest")]
    [DataRow("linear")]
    [DataRow("cubic")]
    public void Every_coordinate_mode_is_written_to_TFLite(string mode)
    {
        var random = new Random(12);
        foreach (string place in (string[])["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"])
        {
            foreach (float scale in (float[])[0.6f, 1.5f, 2])
            {
                Tensor x = Signed(random, 1, 2, 5, 4);
                Node("Resize", [x, null, Tensor.Vector(1, 1, scale, scale)], 1, ("mode", mode), ("coordinate_transformation_mode", place))
                    .AssertAgreesWithPeers();
            }
        }
    }

    [TestMethod]
    [DataRow("linear", 0.6f)]
    [DataRow("linear", 0.3f)]
    [DataRow("linear", 1.5f)]
    [DataRow("cubic", 0.6f)]
    [DataRow("cubic", 0.4f)]
    public void Filters_against_aliasing_agree_with_peers(string mode, float scale)
    {
        foreach (long excludes in (long[])[0, 1])
        {
            Node("Resize", [Signed(new Random(20), 1, 2, 7, 9), null, Tensor.Vector(1, 1, scale, scale)], 1,
                ("mode", mode), ("antialias", 1L),
                ("exclude_outside", excludes)).AssertAgreesWithPeers(opset: 18);
        }
    }

    [TestMethod]
    [DataRow("not_larger", 7, 12)]
    [DataRow("not_smaller", 7, 12)]
    [DataRow("not_larger", 3, 2)]
    [DataRow("not_smaller", 3, 2)]
    public void Ratios_are_kept_as_by_peers(string policy, int height, int width)
    {
        foreach (string mode in (string[])["nearest", "linear"])
        {
            Node("Resize", [Signed(new Random(21), 1, 2, 5, 4), null, null, Tensor.Vector<long>([height, width])], 1, ("mode", mode),
                ("keep_aspect_ratio_policy", policy), ("axes", new long[] { 2, 3 })).AssertAgreesWithPeers(opset: 18);
        }
    }

    [TestMethod]
    [DataRow("nearest")]
    [DataRow("linear")]
    [DataRow("cubic")]
    public void A_region_of_interest_is_resized_and_its_outside_filled(string mode)
    {
        foreach (float[] region in (float[][])[[0, 0, 0.2f, 0.1f, 1, 1, 0.7f, 0.9f], [0, 0, -0.3f, 0.1f, 1, 1, 0.7f, 1.4f]])
        {
            Node("Resize", [Signed(new Random(22), 1, 1, 6, 5), Tensor.Vector<float>(region), null, Tensor.Vector(1L, 1, 4, 7)], 1,
                ("mode", mode), ("coordinate_transformation_mode", "tf_crop_and_resize")).AssertAgreesWithPeers();
            Node("Resize", [Signed(new Random(23), 1, 2, 6, 5), Tensor.Vector<float>(region), null, Tensor.Vector(1L, 2, 4, 7)], 1,
                ("mode", mode), ("coordinate_transformation_mode", "tf_crop_and_resize"), ("extrapolation_value", 2.5f))
                .AssertAgreesWithPeers();
        }
    }

    [TestMethod]
    public void Integers_are_moved_and_opset_10_is_read()
    {
        Tensor x = Random(new Random(13), ElementType.UInt8, 1, 1, 4, 4);
        Node("Resize", [x, null, Tensor.Vector(1f, 1, 2, 2)]).AssertAgreesWithPeers();
        Node("Resize", [Signed(new Random(14), 1, 1, 4, 4), Tensor.Vector(1f, 1, 0.6f, 0.6f)]).AssertAgreesWithPeers(opset: 10);
        Node("Resize", [Signed(new Random(15), 1, 1, 4, 4), Tensor.Vector(1f, 1, 2, 1.5f)], 1, ("mode", "linear"))
            .AssertAgreesWithPeers(opset: 10);
    }

    [TestMethod]
    public void Axes_of_opset_10_that_are_enlarged_and_reduced_round_each_their_way()
    {
        Node("Resize", [Signed(new Random(16), 1, 2, 5, 4), Tensor.Vector(1f, 1, 0.6f, 1.5f)]).AssertAgreesWithPeers(opset: 10);
        Node("Resize", [Signed(new Random(17), 5, 4, 3), Tensor.Vector(2f, 0.5f, 1)]).AssertAgreesWithPeers(opset: 10);
    }

    [TestMethod]
    [DataRow(ElementType.Int8)]
    [DataRow(ElementType.UInt8)]
    [DataRow(ElementType.Int32)]
    public void Interpolated_integers_are_cut_off_as_in_ONNX_Runtime(ElementType type)
    {
        var random = new Random(19);
        foreach (string place in (string[])["half_pixel", "asymmetric", "align_corners"])
        {
            Node("Resize", [Random(random, type, 1, 2, 5, 4), null, Tensor.Vector(1, 1, 0.6f, 1.5f)], 1, ("mode", "linear"),
                ("coordinate_transformation_mode", place)).AssertAgreesWithPeers();
            Node("Resize", [Random(random, type, 4, 3, 5), null, Tensor.Vector(1.5f, 1, 2)], 1, ("mode", "linear"),
                ("coordinate_transformation_mode", place)).AssertAgreesWithPeers();
        }

        Node first = Node("Resize", [Random(random, type, 2, 3, 3, 2), null, Tensor.Vector(1f, 2, 1, 1)], 1, ("mode", "linear"));
        Graph graph = OnnxReader.Read(first.Model(fed: 1));
        ShapeInference.Run(graph);
        Assert.AreEqual("MOPT2006", Lowering.Refusals(graph).Single().Descriptor.Code);
    }

    [TestMethod]
    [DataRow("nearest", "half_pixel", "ResizeNearestNeighbor")]
    [DataRow("nearest", "asymmetric", "ResizeNearestNeighbor")]
    [DataRow("linear", "half_pixel", "ResizeBilinear")]
    [DataRow("linear", "align_corners", "ResizeBilinear")]
    public void Images_become_one_operator_where_TFLite_computes_the_same(string mode, string place, string op)
    {
        Node node = Node("Resize", [Signed(new Random(18), 1, 2, 3, 4), null, Tensor.Vector(1f, 1, 2, 2)], 1, ("mode", mode),
            ("coordinate_transformation_mode", place));
        node.AssertAgreesWithPeers();
        Graph graph = OnnxReader.Read(node.Model(fed: 1));
        ShapeInference.Run(graph);
        using var model = TfliteModel.Load(Lowering.Write(graph));
        Assert.AreEqual(1, model.Plan.Graph.Nodes.Count(n => $"{n.Operator}" == op));
    }
}
