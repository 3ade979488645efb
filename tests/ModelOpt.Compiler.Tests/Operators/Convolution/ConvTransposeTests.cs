using ModelOpt.Compiler.Operators.Convolution;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Convolution;

/// <summary>Values of common forms are ONNX's conformance cases' matter, gradients <see cref="GradientTests"/>'.</summary>
[TestClass]
internal sealed class ConvTransposeTests
{
    [TestMethod]
    [DataRow(1, 1, 1, 0, 1)]
    [DataRow(2, 2, 1, 1, 1)]
    [DataRow(3, 1, 2, 0, 1)]
    [DataRow(1, 2, 1, 0, 2)]
    [DataRow(2, 1, 0, 0, 4)]
    public void The_kernels_agree_with_the_definition(int stride, int dilation, int pad, int more, int group)
    {
        Tensor x = TestGraph.RandomTensor(1, 3, 4, 6, 5), w = TestGraph.RandomTensor(2, 4, 2, 3, 2),
            b = TestGraph.RandomTensor(3, 2 * group);
        Node node = Node(
            "ConvTranspose", [x, w, b], 1, ("strides", new long[] { stride, stride }), ("dilations", new long[] { dilation, dilation }),
            ("pads", new long[] { pad, 0, pad, 0 }), ("output_padding", new long[] { more, more }), ("group", (long)group));
        float[] computed = Run(node, [x, w, b]).Span<float>().ToArray();
        double[] expected = Run(node, [.. new[] { x, w, b }.Select(t => Casting.To(t, ElementType.Float64))]).Span<double>().ToArray();
        for (int i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], computed[i], 1e-5);
    }

    [TestMethod]
    [DataRow(new long[] { 3, 2, 3, 3 }, 1)]
    [DataRow(new long[] { 4, 2, 3 }, 1)]
    [DataRow(new long[] { 4, 2, 3, 3 }, 3)]
    [DataRow(new long[] { 4, 2, 3, 3 }, 1, 40)]
    public void What_does_not_fit_is_told(long[] weights, int group, int pad = 0)
    {
        Node node = Node(
            "ConvTranspose", [Floats(1, 4, 6, 5), Floats([.. weights.Select(d => (Dim)d)])], 1, ("group", (long)group),
            ("pads", new long[] { pad, pad, pad, pad }));
        Assert.AreEqual("MOPT2004", Assert.ThrowsExactly<CompilationException>(
            () => Operator.Of(node).InferShapes(node)).Diagnostic.Descriptor.Code);
    }

    private static Tensor Run(Node node, Tensor?[] inputs)
    {
        var context = new ForwardContext(node, inputs);
        Operator.Of(node).Forward(context);
        return context.Outputs[0]!;
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(4)]
    public void It_is_written_to_TFLite(int group)
    {
        var random = new Random(16);
        Tensor x = Signed(random, 1, 4, 4, 5), w = Signed(random, 4, 3, 3, 2), b = Signed(random, 3 * group);
        Node("ConvTranspose", [x, w, b], 1, ("group", (long)group)).AssertAgreesWithPeers();
        Node("ConvTranspose", [x, w, b], 1, ("group", (long)group), ("strides", new[] { 2L, 3L }), ("pads", new[] { 1L, 0L, 2L, 1L }))
            .AssertAgreesWithPeers();
        Node("ConvTranspose", [x, w], 1, ("group", (long)group), ("strides", new[] { 3L, 1L }), ("dilations", new[] { 2L, 1L }),
            ("output_padding", new[] { 1L, 0L })).AssertAgreesWithPeers();
        // More is cut off than the windows reach.
        Node("ConvTranspose", [x, w], 1, ("group", (long)group), ("pads", new[] { 3L, 2L, 2L, 2L })).AssertAgreesWithPeers();
        // Some phases of the result begin behind the first element of X.
        Node("ConvTranspose", [Signed(random, 1, 1, 8, 8), Signed(random, 1, 1, 3, 3)], 1, ("strides", new[] { 1L, 3L }),
            ("dilations", new[] { 2L, 2L }), ("pads", new[] { 2L, 1L, 2L, 1L })).AssertAgreesWithPeers();
        Node("ConvTranspose", [Signed(random, 1, 4, 5), Signed(random, 4, 3, 3), b], 1, ("group", (long)group), ("strides", new[] { 2L }))
            .AssertAgreesWithPeers();
    }

    [TestMethod]
    public void A_result_shorter_than_the_stride_has_some_of_the_taps()
    {
        var random = new Random(17);
        (string, object)[] attributes = [("strides", new[] { 2L, 2L }), ("pads", new[] { 1L, 1L, 1L, 1L })];
        foreach (int group in (int[])[1, 2])
        {
            Node("ConvTranspose", [Signed(random, 2, 4, 1, 1), Signed(random, 4, 2, 3, 3)], 1, [("group", (long)group), .. attributes])
                .AssertAgreesWithPeers();
        }

        // No tap at all lies over it: the result is the bias.
        Node("ConvTranspose", [Signed(random, 1, 1, 1, 1), Signed(random, 1, 1, 1, 1), Signed(random, 1)], 1, ("strides", new[] { 4L, 4L }),
            ("output_padding", new[] { 3L, 3L }), ("pads", new[] { 1L, 1L, 2L, 2L })).AssertAgreesWithPeers();
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(4)]
    public void Volumes_agree_with_peers(int group)
    {
        var random = new Random(18);
        Tensor x = Signed(random, 2, 4, 3, 4, 5), w = Signed(random, 4, 3, 3, 2, 3), b = Signed(random, 3 * group);
        Node("ConvTranspose", [x, w, b], 1, ("group", (long)group)).AssertAgreesWithPeers();
        Node("ConvTranspose", [x, w, b], 1, ("group", (long)group), ("strides", new[] { 2L, 1L, 3L }),
            ("pads", new[] { 1L, 0L, 2L, 1L, 1L, 0L })).AssertAgreesWithPeers();
        Node("ConvTranspose", [x, w], 1, ("group", (long)group), ("strides", new[] { 2L, 3L, 2L }), ("dilations", new[] { 1L, 2L, 1L }),
            ("output_padding", new[] { 1L, 0L, 1L })).AssertAgreesWithPeers();
        // More is cut off than the windows reach.
        Node("ConvTranspose", [x, w], 1, ("group", (long)group), ("pads", new[] { 2L, 2L, 3L, 2L, 2L, 2L }))
            .AssertAgreesWithPeers();
    }
}
