using ModelOpt.Compiler.Simplify;
using ModelOpt.Runtime;

namespace ModelOpt.Compiler.Tests.Simplify;

/// <summary>Values of many forms are <see cref="Operators.ConvTests"/>' and <see cref="Operators.ConvTransposeTests"/>' matter.</summary>
[TestClass]
internal sealed class VolumeConvolutionsTests
{
    [TestMethod]
    [DataRow(1, "Pad Slice Slice Slice Concat Reshape Conv Reshape Slice")]
    [DataRow(2, "Pad Reshape Slice Slice Slice Concat Reshape Conv Reshape Slice")]
    public void A_convolution_becomes_one_of_images(int group, string types)
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 4, 5, 6, 7);
        Value w = g.Random(1, 6, 4 / group, 3, 3, 3);
        g.Output(g.Add("Conv", [x, w, g.Random(2, 6)], ("group", group), ("pads", new[] { 1, 1, 1, 1, 1, 1 })));
        Assert.AreEqual(types, new VolumeConvolutions().Apply(g.Build(), 1));
    }

    [TestMethod]
    public void A_window_over_planes_stacks_nothing()
    {
        var g = new TestGraph();
        g.Output(g.Add("Conv", [g.Input("x", -1, 4, 5, 6, 6), g.Random(1, 6, 4, 1, 2, 3)], ("strides", new[] { 1, 2, 1 })));
        Assert.AreEqual("Reshape Conv Reshape", new VolumeConvolutions().Apply(g.Build(), 1));
    }

    [TestMethod]
    public void An_activation_stays_at_the_convolution()
    {
        var g = new TestGraph();
        Value y = g.Add("Conv", g.Input("x", -1, 2, 3, 4, 4), g.Random(1, 3, 2, 1, 1, 1));
        g.Output(g.Add("Sigmoid", g.Add("Clip", y, g.Scalar(0), g.Scalar(6))));
        Assert.AreEqual("Reshape Conv Clip Reshape Sigmoid", new VolumeConvolutions().Apply(g.Build(), 1));
    }

    [TestMethod]
    public void A_transposed_convolution_becomes_a_convolution()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 4, 2, 3, 3);
        g.Output(g.Add("ConvTranspose", [x, g.Random(1, 4, 3, 3, 2, 2), g.Random(2, 3)], ("strides", new[] { 2, 1, 2 })));
        Graph graph = g.Build();
        Assert.AreEqual("Reshape Pad Reshape Reshape Pad Reshape Pad Conv", new VolumeConvolutions().Apply(graph, 1));
        Assert.AreEqual(new Shape(3, 4, 3, 2, 2), graph.Nodes[^1].Input(1).Shape);
    }

    [TestMethod]
    public void A_grid_stays_with_what_is_moved()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, 2, 4, 4, 4), w = g.Random(1, 3, 2, 2, 2, 2);
        x.Quantization = Quantization.PerTensor(ElementType.UInt8, 1 / 64f, 100);
        w.Quantization = new Quantization(ElementType.Int8, [1 / 128f, 1 / 127f, 1 / 126f], [0, 0, 0], 0);
        Value y = g.Output(g.Add("Conv", x, w));
        y.Quantization = Quantization.PerTensor(ElementType.UInt8, 1 / 32f, 120);
        Graph graph = g.Build();
        new VolumeConvolutions().Apply(graph, PassTesting.Context);
        ShapeInference.Run(graph);
        Node conv = graph.Nodes.Single(n => n.Type == "Conv");
        Assert.AreEqual(x.Quantization, conv.Input(0).Quantization);
        Assert.AreEqual(w.Quantization, conv.Input(1).Quantization);
        Assert.AreEqual(y.Quantization, conv.Output.Quantization);
        Assert.AreEqual(y.Quantization, graph.Outputs[0].Quantization);
    }

    [TestMethod]
    public void Open_sizes_and_computed_weights_are_refused()
    {
        var g = new TestGraph();
        Value w = g.Random(1, 3, 2, 2, 2, 2);
        g.Output(g.Add("Conv", g.Input("x", 1, 2, -1, 4, 4), w));
        Assert.AreEqual("MOPT2008", Refusal(g.Build()));
        g = new TestGraph();
        g.Output(g.Add("Conv", g.Input("x", 1, 2, 4, 4, 4), g.Input("w", 3, 2, 2, 2, 2)));
        Assert.AreEqual("MOPT2006", Refusal(g.Build()));

        static string Refusal(Graph graph)
        {
            Assert.AreEqual(0, new VolumeConvolutions().Apply(graph, PassTesting.Context).Changes);
            return Lowering.Refusals(graph).Single().Descriptor.Code;
        }
    }

    [TestMethod]
    public void Any_batch_can_be_run()
    {
        var g = new TestGraph();
        Value y = g.Add("Conv", [g.Input("x", -1, 2, 3, 5, 4), g.Random(1, 3, 2, 2, 3, 2)], ("strides", new[] { 1, 2, 1 }));
        g.Output(g.Add("MaxPool", [y], ("kernel_shape", new[] { 2, 2, 2 })));
        Graph graph = g.Build();
        new VolumeConvolutions().Apply(graph, PassTesting.Context);
        new VolumePools().Apply(graph, PassTesting.Context);
        ShapeInference.Run(graph);
        using TfliteModel model = TfliteModel.Load(Lowering.Write(graph));
        Assert.AreEqual(-1, model.Inputs[0].Shape[0]);
    }
}
