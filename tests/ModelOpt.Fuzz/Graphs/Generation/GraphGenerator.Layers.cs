using ModelOpt.Compiler.Options;

namespace ModelOpt.Fuzz.Graphs.Generation;

/// <content>Layers with weights.</content>
internal sealed partial class GraphGenerator
{
    private int Channels() => _isWide ? Pick(16, 24, 32, 40) : Pick(1, 2, 3, 4, 6, 8, 12);

    private Edge ConvBlock(Edge x)
    {
        if (_shrinks && Chance(0.5)) return DeadChannels(x);
        int kernel = Pick(1, 1, 2, 3, 3, 3, 5);
        Edge y = Conv(x, Channels(), kernel, Pick(1, 1, 1, 2), kernel == 3 && Chance(0.15) ? 2 : 1);
        if (Chance(0.4)) y = BatchNorm(y);
        return Chance(0.7) ? Bounded(y) : y;
    }

    private Edge Conv(Edge x, int outputs, int kernel, int stride = 1, int dilation = 1, int group = 1, bool? bias = null,
        Edge? weight = null)
    {
        int spatial = x.Rank - 2, inputs = x.Dims[1] / group, reach = ((kernel - 1) * dilation) + 1;
        bool same = Chance(0.7) || x.Dims[2..].Any(d => d < reach);
        int[] dims = [x.Dims[0], outputs, .. x.Dims[2..].Select(d => same ? (d + stride - 1) / stride : ((d - reach) / stride) + 1)];
        List<(string, object)> attributes = [("kernel_shape", Repeat(spatial, kernel))];
        if (stride > 1 || Chance(0.3)) attributes.Add(("strides", Repeat(spatial, stride)));
        if (dilation > 1 || Chance(0.2)) attributes.Add(("dilations", Repeat(spatial, dilation)));
        if (group > 1) attributes.Add(("group", group));
        if (same && stride > 1 && dilation == 1 && Chance(0.4))
        {
            attributes.Add(("auto_pad", Pick("SAME_UPPER", "SAME_LOWER")));
        }
        else if (same)
        {
            int[] total = [.. x.Dims[2..].Select((d, i) => Math.Max(0, ((dims[i + 2] - 1) * stride) + reach - d))];
            attributes.Add(("pads", new[] { total.Select(t => t / 2), total.Select(t => t - (t / 2)) }.SelectMany(t => t).ToArray()));
        }

        weight ??= Weight([outputs, inputs, .. Repeat(spatial, kernel)], inputs * (int)Math.Pow(kernel, spatial));
        Edge? b = bias ?? Chance(0.6) ? _model.Constant(RandomTensor([outputs], 0.3)) : null;
        return _model.Add("Conv", b is null ? [x, weight] : [x, weight, b], dims, [.. attributes]);
    }

    private Edge DepthwiseSeparable(Edge x)
    {
        int kernel = Pick(3, 3, 5);
        int multiplier = Chance(0.1) ? 2 : 1;
        Edge y = Bounded(Conv(x, x.Dims[1] * multiplier, kernel, Pick(1, 1, 2), 1, x.Dims[1]));
        return Chance(0.6) ? Bounded(Conv(y, Channels(), 1)) : y;
    }

    private Edge? GroupedConv(Edge x)
    {
        int[] groups = [.. new[] { 2, 3, 4 }.Where(g => x.Dims[1] % g == 0 && x.Dims[1] > g)];
        if (groups.Length == 0) return null;
        int group = Pick(groups);
        return Conv(x, group * _random.Next(1, 4), Pick(1, 3), 1, 1, group);
    }

    private Edge ConvTranspose(Edge x)
    {
        int outputs = Channels(), kernel = Pick(2, 3, 4), stride = Pick(1, 2), pad = _random.Next(0, 2);
        int[] dims = [x.Dims[0], outputs, .. x.Dims[2..].Select(d => (stride * (d - 1)) + kernel - (2 * pad))];
        if (dims.Any(d => d < 1)) return Conv(x, outputs, 3);
        Edge weight = Weight([x.Dims[1], outputs, kernel, kernel], x.Dims[1] * kernel);
        return _model.Add("ConvTranspose", Chance(0.5) ? [x, weight] : [x, weight, _model.Constant(RandomTensor([outputs], 0.3))], dims,
            ("strides", Repeat(2, stride)), ("pads", Repeat(4, pad)));
    }

    /// <summary>A convolution whose last quarter of channels is zero, and one that reads it: nothing else does.</summary>
    private Edge DeadChannels(Edge x)
    {
        int outputs = Pick(16, 32), dead = outputs / 4, kernel = Pick(1, 3);
        Tensor weight = RandomTensor([outputs, x.Dims[1], kernel, kernel], Math.Sqrt(2.0 / (x.Dims[1] * kernel * kernel)));
        weight.Span<float>()[^(weight.Count / 4)..].Clear();
        Edge y = Conv(x, outputs, kernel, bias: false, weight: _model.Constant(weight));
        _rules.Add(new LayerRule(_model.LastNode) { ChannelPruning = (double)dead / outputs });
        y = _model.Add("Relu", [y], y.Dims);
        return Conv(y, Channels(), Pick(1, 3));
    }

    private Edge Conv1D(Edge x) => Conv(x, Channels(), Pick(1, 3), Pick(1, 1, 2));

    private Edge Dense(Edge x)
    {
        int outputs = Channels(), inputs = x.Dims[1];
        if (_shrinks && inputs >= 24 && Chance(0.7)) return LowRank(x);
        if (Chance(0.3)) return MatMulAdd(x, outputs);
        bool transposed = Chance(0.6);
        List<(string, object)> attributes = [];
        if (transposed) attributes.Add(("transB", 1));
        if (Chance(0.08)) attributes.Add(("alpha", 0.5f));
        if (Chance(0.08)) attributes.Add(("beta", 2f));
        Edge weight = Weight(transposed ? [outputs, inputs] : [inputs, outputs], inputs);
        Edge? bias = Chance(0.75) ? _model.Constant(RandomTensor(Chance(0.9) ? [outputs] : [1, outputs], 0.3)) : null;
        Edge y = _model.Add("Gemm", bias is null ? [x, weight] : [x, weight, bias], [x.Dims[0], outputs], [.. attributes]);
        return Chance(0.5) ? Bounded(y) : y;
    }

    /// <summary>A dense layer whose weight has rank 8, which a decomposition finds.</summary>
    private Edge LowRank(Edge x)
    {
        const int Rank = 8;
        int inputs = x.Dims[1], outputs = 48;
        Tensor left = RandomTensor([outputs, Rank], 0.5), right = RandomTensor([Rank, inputs], Math.Sqrt(1.0 / inputs));
        Tensor weight = Tensor.Zeros(ElementType.Float32, [outputs, inputs]);
        for (int i = 0; i < weight.Count; i++)
        {
            double sum = 0;
            for (int r = 0; r < Rank; r++)
                sum += left.Span<float>()[(i / inputs * Rank) + r] * right.Span<float>()[(r * inputs) + (i % inputs)];
            weight.Span<float>()[i] = (float)sum;
        }

        Edge y = _model.Add("Gemm", [x, _model.Constant(weight), _model.Constant(RandomTensor([outputs], 0.3))], [x.Dims[0], outputs],
            ("transB", 1));
        double left8 = Rank * (inputs + outputs) / (double)(inputs * outputs);
        if (left8 < 0.8) _rules.Add(new LayerRule(_model.LastNode) { Decomposition = Math.Floor(1000 * (1 - left8)) / 1000 });
        return y;
    }

    /// <summary>What PyTorch writes for a Linear of several axes.</summary>
    private Edge MatMulAdd(Edge x, int outputs)
    {
        Edge y = _model.Add("MatMul", [x, Weight([x.Dims[^1], outputs], x.Dims[^1])], With(x.Dims, x.Rank - 1, outputs));
        if (!Chance(0.7)) return y;
        Edge bias = _model.Constant(RandomTensor([outputs], 0.3));
        return _model.Add("Add", Chance(0.5) ? [y, bias] : [bias, y], y.Dims);
    }

    private Edge Project(Edge x) => MatMulAdd(x, Channels());

    private Edge BatchNorm(Edge x)
    {
        int c = x.Dims[1];
        Tensor variance = RandomTensor([c], 0.2, 1);
        foreach (ref float v in variance.Span<float>()) v = Math.Abs(v) + 0.1f;
        return _model.Add("BatchNormalization", [x, _model.Constant(RandomTensor([c], 0.3, 1)), _model.Constant(RandomTensor([c], 0.3)),
            _model.Constant(RandomTensor([c], 0.3)), _model.Constant(variance)], x.Dims, ("epsilon", 1e-5f));
    }

    private Edge LayerNorm(Edge x)
    {
        int size = x.Dims[^1];
        return size < 3 ? x : _model.Add(
            "LayerNormalization", [x, _model.Constant(RandomTensor([size], 0.3, 1)), _model.Constant(RandomTensor([size], 0.3))],
            x.Dims, ("axis", -1), ("epsilon", 1e-3f));
    }

    private static int[] Repeat(int count, int value) => [.. Enumerable.Repeat(value, count)];
}
