using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class DeformConvTests
{
    private static readonly Tensor X = Signed(new Random(1), 2, 4, 6, 5), W = Signed(new Random(2), 6, 2, 3, 3);

    /// <summary>Taps that are moved by whole elements see another image.</summary>
    [TestMethod]
    [DataRow(0, 0)]
    [DataRow(1, 0)]
    [DataRow(-1, 2)]
    public void Moved_taps_give_the_convolution_of_a_moved_image(int down, int right)
    {
        (string, object)[] attributes = [("group", 2L), ("pads", new[] { 1L, 1, 1, 1 }), ("strides", new[] { 2L, 1 })];
        Tensor offsets = Tensor.Zeros(ElementType.Float32, [2, 18, 3, 5]), moved = Tensor.Zeros(ElementType.Float32, [2, 4, 12, 11]);
        for (int i = 0; i < offsets.Count; i++) offsets.Span<float>()[i] = i / 15 % 2 == 0 ? down : right;
        for (int i = 0; i < moved.Count; i++)
        {
            int column = (i % 11) - 3 + right, row = (i / 11 % 12) - 3 + down;
            if (row is < 0 or >= 6 || column is < 0 or >= 5) continue;
            moved.Span<float>()[i] = X.Span<float>()[(((i / 132 * 6) + row) * 5) + column];
        }

        // Three elements on each side, one of which the pads are.
        Tensor padded = Node("Pad", [moved, Tensor.Vector(0L, 0, -2, -2, 0, 0, -2, -2)]).RunPeer(fed: 1)[0];
        Tensor expected = Node("Conv", [padded, W], 1, ("group", 2L), ("strides", new[] { 2L, 1 })).RunPeer()[0];
        Graph graph = OnnxReader.Read(Node("DeformConv", [X, W, offsets], 1, attributes).Model(opset: 19, fed: 1));
        ShapeInference.Run(graph);
        // Positions are scaled to those of a grid and back.
        float[] found = TfliteRunner.Run(Lowering.Write(graph), X)[0].Span<float>().ToArray();
        foreach ((float e, float a) in expected.Span<float>().ToArray().Zip(found)) Assert.AreEqual(e, a, 1e-5f);
    }

    [TestMethod]
    public void A_tap_between_elements_sees_their_mean_and_factors_scale_taps()
    {
        Tensor x = Tensor.Of<float>([1, 1, 2, 2], [1, 2, 4, 8]), w = Tensor.Of<float>([1, 1, 1, 1], [10]);
        Tensor offsets = Tensor.Of<float>([1, 2, 2, 2], [0.5f, 0, 0, 0, 0, 0.5f, 0, 0.25f]);
        Tensor factors = Tensor.Of<float>([1, 1, 2, 2], [1, 2, 1, 0.5f]);
        // The second and the last lie partly outside, where there are zeros.
        Node("DeformConv", [x, w, offsets, Tensor.Vector(1f), factors]).AssertModelGives(19, 26, 21, 41, 31);
    }
}
