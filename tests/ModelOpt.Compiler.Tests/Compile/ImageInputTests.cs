using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Compiler.Tests.Compile;

[TestClass]
internal sealed class ImageInputTests
{
    [TestMethod]
    public void Bytes_are_normalized_by_channel_and_transposed()
    {
        Graph graph = Model();
        byte[] before = OnnxWriter.Write(graph);
        Assert.AreEqual(1, ImageInput.Prepend(graph, new CompileOptions { InputMean = [10, 20, 30], InputStd = [2, 4, 8] }));
        ShapeInference.Run(graph);
        GraphVerifier.Verify(graph, "ImageInput");
        Assert.AreEqual("image: UInt8[N, 5, 4, 3]", graph.Inputs.Single().ToString());
        Assert.AreEqual("Cast Sub Div Transpose Relu", graph.Types());

        Dictionary<string, Tensor> bytes = graph.Feeds();
        Tensor pixels = bytes["image"], floats = Tensor.Zeros(ElementType.Float32, [2, 3, 5, 4]);
        for (int i = 0; i < pixels.Count; i++)
        {
            int channel = i % 3, position = i / 3 % 20, image = i / 60;
            floats.Span<float>()[(((image * 3) + channel) * 20) + position] =
                (pixels.Span<byte>()[i] - (10f * (channel + 1))) / (2 << channel);
        }

        Tensor[] expected = GraphTesting.RunPeer(before, new Dictionary<string, Tensor> { ["image"] = floats });
        GraphTesting.AssertClose(expected, graph.RunPeer(bytes));
        GraphTesting.AssertClose(expected, graph.Interpret(bytes));
    }

    [TestMethod]
    public void Each_byte_becomes_exactly_the_float_that_calibration_saw()
    {
        var g = new TestGraph();
        g.Output(g.Add("Relu", g.Input("image", 1, 1, 1, 256)));
        Graph graph = g.Build();
        ImageInput.Prepend(graph, new CompileOptions { InputMean = [-0.5f], InputStd = [127.5f] });
        ShapeInference.Run(graph);
        byte[] bytes = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        float[] expected = Array.ConvertAll(bytes, x => (x + 0.5f) / 127.5f);
        var feeds = new Dictionary<string, Tensor> { ["image"] = new Tensor(ElementType.UInt8, [1, 1, 256, 1], bytes) };
        CollectionAssert.AreEqual(expected, graph.Interpret(feeds)[0].Span<float>().ToArray());
        CollectionAssert.AreEqual(expected, graph.RunPeer(feeds)[0].Span<float>().ToArray());
    }

    [TestMethod]
    public void Without_mean_and_std_pixels_are_taken_as_they_are()
    {
        Graph graph = Model();
        ImageInput.Prepend(graph, new CompileOptions());
        Assert.AreEqual("Cast Transpose Relu", graph.Types());
    }

    [TestMethod]
    public void A_mean_that_does_not_fit_the_channels_is_refused()
    {
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(
            () => ImageInput.Prepend(Model(), new CompileOptions { InputMean = [1, 2] })).Diagnostic;
        Assert.AreEqual(("MOPT2004", "image"), (diagnostic.Descriptor.Code, diagnostic.Layer));
    }

    private static Graph Model()
    {
        var g = new TestGraph();
        g.Output(g.Add("Relu", g.Input("image", -1, 3, 5, 4)));
        return g.Build();
    }
}
