using ModelOpt.Compiler.Tests.Peers;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

/// <summary>ONNX Runtime has attention without padding on other devices only; sequence by sequence, it has MultiHeadAttention.</summary>
[TestClass]
internal sealed class PackedAttentionTests
{
    private const int Heads = 2, Size = 4, Tokens = 7, First = 3, Width = Heads * Size;

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Sequences_do_not_see_each_other(bool isPacked)
    {
        var model = new RewriteModel();
        string[] x = isPacked ? [model.Input(ElementType.Float32, Tokens, Heads, 3, Size), "", ""]
            : [.. Enumerable.Range(0, 3).Select(_ => model.Input(ElementType.Float32, Tokens, Width))];
        string bias = model.Floats(1, 3 * Width);
        model.Output(model.Node("PackedMultiHeadAttention", [.. x, bias, Offsets(model), Starts(model)], ("num_heads", Heads)));
        Graph graph = model.Read();
        Dictionary<string, Tensor> feeds = graph.Feeds();
        float[] actual = Elements.ToFloats(graph.Interpret(feeds)[0]);
        int[] ends = [0, First, Tokens];
        for (int sequence = 0; sequence < 2; sequence++)
        {
            int begin = ends[sequence], length = ends[sequence + 1] - begin;
            var peer = new RewriteModel();
            Tensor[] parts = isPacked ? [.. Enumerable.Range(0, 3).Select(part => Part(feeds["x0"], part, begin, length))]
                : [.. graph.Inputs.Select(i => Rows(feeds[i.Name], begin, length))];
            string[] inputs = [.. parts.Select(p => peer.Input(ElementType.Float32, p.Dims.ToArray()))];
            peer.Output(peer.Node("MultiHeadAttention", [.. inputs, peer.Floats(1, 3 * Width)], ("num_heads", Heads)));
            float[] expected = Elements.ToFloats(OnnxRuntime.Run(
                peer.Bytes(), inputs.Zip(parts).ToDictionary(p => p.First, p => p.Second))[0]);
            for (int i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], actual[(begin * Width) + i], 1e-5f);
        }
    }

    [TestMethod]
    public void The_layer_before_is_one_too()
    {
        RewriteModel model = new(), other = new();
        string x = model.Input(ElementType.Float32, Tokens, 5), w = model.Floats(1, 5, 3 * Width), b = model.Floats(1, 3 * Width);
        model.Output(model.Node("PackedAttention", [x, w, b, Offsets(model), Starts(model)], ("num_heads", Heads)));
        x = other.Input(ElementType.Float32, Tokens, 5);
        string all = other.Node("MatMul", [x, other.Floats(1, 5, 3 * Width)]);
        all = other.Node("Add", [all, other.Floats(1, 3 * Width)]);
        string[] parts = [.. Enumerable.Range(0, 3).Select(i => other.Node(
            "Slice", [all, other.Constant(Tensor.Vector(i * (long)Width)), other.Constant(Tensor.Vector((i + 1) * (long)Width)),
                other.Constant(Tensor.Vector(1L))]))];
        other.Output(other.Node("PackedMultiHeadAttention", [.. parts, "", Offsets(other), Starts(other)], ("num_heads", Heads)));
        Graph graph = model.Read();
        Dictionary<string, Tensor> feeds = graph.Feeds();
        float[] expected = Elements.ToFloats(other.Read().Interpret(feeds)[0]), actual = Elements.ToFloats(graph.Interpret(feeds)[0]);
        for (int i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], actual[i], 1e-5f);
    }

    private static Tensor Rows(Tensor tensor, int begin, int count)
    {
        int width = tensor.Count / tensor.Dims[0];
        int[] dims = [1, count, .. tensor.Dims[1..]];
        return Tensor.Of<float>(dims, tensor.Span<float>().Slice(begin * width, count * width).ToArray());
    }

    /// <summary>One of the three of a packed tensor, heads in a row.</summary>
    private static Tensor Part(Tensor packed, int part, int begin, int count) => Tensor.Of<float>([1, count, Width],
    [
        .. Enumerable.Range(0, count * Width).Select(i =>
            packed.Span<float>()[(((((begin + (i / Width)) * Heads) + (i % Width / Size)) * 3) + part) * Size + (i % Size)]),
    ]);

    private static string Starts(RewriteModel model) => model.Constant(Tensor.Vector(0, First, Tokens));

    private static string Offsets(RewriteModel model) => model.Constant(Tensor.Of<int>([2, 4], [0, 1, 2, 4, 5, 6, 7, 3]));
}
