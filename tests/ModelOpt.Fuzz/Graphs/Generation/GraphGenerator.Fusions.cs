using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Fuzz.Graphs.Generation;

/// <content>Layers that ONNX Runtime fuses of several, and recurrent ones.</content>
internal sealed partial class GraphGenerator
{
    private const string Microsoft = "com.microsoft.";

    private Edge FusedGelu(Edge x)
    {
        Edge bias = _model.Constant(RandomTensor([x.Dims[^1]], 0.3));
        return _random.Next(5) switch
        {
            0 => Fused("Gelu", [x], x.Dims),
            1 => Fused("BiasGelu", [x, bias], x.Dims),
            2 => Fused("FastGelu", [x, bias], x.Dims),
            3 => Fused("FastGelu", [x], x.Dims),
            _ => Fused("QuickGelu", [x], x.Dims),
        };
    }

    private Edge FusedImage(Edge x)
    {
        int outputs = Channels(), kernel = Pick(1, 3);
        Edge weight = Weight([outputs, x.Dims[1], kernel, kernel], x.Dims[1] * kernel * kernel);
        return Fused("FusedConv", [x, weight, _model.Constant(RandomTensor([outputs], 0.3))], With(x.Dims, 1, outputs),
            ("kernel_shape", Repeat(2, kernel)), ("pads", Repeat(4, kernel / 2)), ("activation", Pick("Relu", "Tanh", "Sigmoid")));
    }

    private Edge FusedGemm(Edge x)
    {
        int outputs = Channels();
        return Fused("FusedGemm", [x, Weight([outputs, x.Dims[1]], x.Dims[1]), _model.Constant(RandomTensor([outputs], 0.3))],
            [x.Dims[0], outputs], ("transB", 1), ("activation", Pick("Relu", "Tanh", "Sigmoid")));
    }

    private Edge FusedProduct(Edge x)
    {
        int outputs = Channels(), inputs = x.Dims[^1];
        int[] dims = With(x.Dims, x.Rank - 1, outputs);
        if (Chance(0.3)) return Blocks(x, outputs, dims);
        bool transposes = Chance(0.5);
        Edge weight = Weight(transposes ? [outputs, inputs] : [inputs, outputs], inputs);
        return Fused(Pick("FusedMatMul", "TransposeMatMul"), [x, weight], dims, ("transB", transposes ? 1 : 0), ("alpha", Pick(0.5f, 1f)));
    }

    /// <summary>A product with a weight of four bits.</summary>
    private Edge Blocks(Edge x, int outputs, int[] dims)
    {
        const int Size = 16;
        int inputs = x.Dims[^1], blocks = (inputs + Size - 1) / Size;
        Tensor packed = Tensor.Zeros(ElementType.UInt8, [outputs, blocks, Size / 2]);
        _random.NextBytes(packed.Bytes.Span);
        float scale = (float)(0.3 / Math.Sqrt(inputs));
        Tensor scales = RandomTensor([outputs * blocks], scale / 10, scale);
        return Fused("MatMulNBits", [x, _model.Constant(packed), _model.Constant(scales)], dims,
            ("K", inputs), ("N", outputs), ("bits", 4), ("block_size", Size));
    }

    private Edge SkipNorm(Edge x)
    {
        int size = x.Dims[^1];
        if (size < 3) return x;
        Edge[] same = [.. _pool.Where(e => e.Dims.SequenceEqual(x.Dims) && e.Type == x.Type)];
        Edge skip = same.Length > 0 ? Pick(same) : x, gamma = _model.Constant(RandomTensor([size], 0.3, 1));
        Edge beta = _model.Constant(RandomTensor([size], 0.3));
        return Chance(0.5) ? Fused("SkipLayerNormalization", [x, skip, gamma, beta], x.Dims, ("epsilon", 1e-3f))
            : Fused("SkipSimplifiedLayerNormalization", [x, skip, gamma], x.Dims, ("epsilon", 1e-2f));
    }

    /// <summary>A recurrent layer over the second axis, which it has first.</summary>
    private Edge Recurrent(Edge x)
    {
        (int batch, int steps, int inputs) = (x.Dims[0], x.Dims[1], x.Dims[2]);
        int hidden = Pick(2, 4, 6), axes = 1;
        string type = Pick("LSTM", "GRU", "RNN");
        int gates = type == "LSTM" ? 4 : type == "GRU" ? 3 : 1;
        Edge first = _model.Add("Transpose", [x], [steps, batch, inputs], ("perm", new[] { 1, 0, 2 }));
        Edge w = _model.Constant(RandomTensor([1, gates * hidden, inputs], 0.5 / Math.Sqrt(inputs)));
        Edge r = _model.Constant(RandomTensor([1, gates * hidden, hidden], 0.5 / Math.Sqrt(hidden)));
        Edge b = _model.Constant(RandomTensor([1, 2 * gates * hidden], 0.2));
        Edge y = _model.Add(type, Chance(0.7) ? [first, w, r, b] : [first, w, r], [steps, 1, batch, hidden], ("hidden_size", hidden));
        Edge squeezed = _model.Add("Squeeze", [y, _model.Numbers(axes)], [steps, batch, hidden]);
        return _model.Add("Transpose", [squeezed], [batch, steps, hidden], ("perm", new[] { 1, 0, 2 }));
    }

    private Edge Fused(string type, Edge?[] inputs, int[] dims, params (string Name, object Value)[] attributes) =>
        _model.Add(Microsoft + type, inputs, dims, attributes);
}
