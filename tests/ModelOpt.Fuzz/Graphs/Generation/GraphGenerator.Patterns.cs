namespace ModelOpt.Fuzz.Graphs.Generation;

/// <content>Patterns of several nodes, with branches, and with constants that several nodes share.</content>
internal sealed partial class GraphGenerator
{
    private Edge Residual(Edge x)
    {
        Edge y = x;
        int layers = _random.Next(1, 3);
        for (int i = 0; i < layers; i++)
        {
            int kernel = Pick(1, 3);
            Tensor weight = RandomTensor([x.Dims[1], x.Dims[1], kernel, kernel], Math.Sqrt(1.0 / (x.Dims[1] * kernel * kernel)));
            int pad = kernel / 2;
            y = _model.Add("Conv", [y, _model.Constant(weight), _model.Constant(RandomTensor([x.Dims[1]], 0.2))], x.Dims,
                ("pads", Repeat(4, pad)));
            if (i + 1 < layers) y = Bounded(y);
        }

        Edge sum = _model.Add("Add", Chance(0.5) ? [x, y] : [y, x], x.Dims);
        return Chance(0.6) ? Bounded(sum) : sum;
    }

    private Edge SqueezeExcite(Edge x)
    {
        Edge s = GlobalPool(x, keep: true);
        int c = x.Dims[1], inner = Math.Max(1, c / 2);
        s = _model.Add("Relu", [PointConv(s, inner)], [x.Dims[0], inner, 1, 1]);
        s = PointConv(s, c);
        s = Chance(0.5) ? _model.Add("Sigmoid", [s], s.Dims) : _model.Add("HardSigmoid", [s], s.Dims, ("alpha", 1f / 6), ("beta", 0.5f));
        return _model.Add("Mul", Chance(0.5) ? [x, s] : [s, x], x.Dims);
    }

    private Edge PointConv(Edge x, int outputs) => _model.Add("Conv",
        [x, Weight([outputs, x.Dims[1], 1, 1], x.Dims[1]), _model.Constant(RandomTensor([outputs], 0.2))], With(x.Dims, 1, outputs));

    /// <summary>Two or three ways from a value, of ranges that may be far apart, and their concatenation.</summary>
    private Edge Branches(Edge x)
    {
        List<Edge> parts = [];
        for (int i = _random.Next(2, 4); i > 0; i--)
        {
            int kernel = Pick(1, 3), outputs = _random.Next(1, 6);
            Edge part = _model.Add("Conv", [x, Weight([outputs, x.Dims[1], kernel, kernel], x.Dims[1] * kernel * kernel)],
                With(x.Dims, 1, outputs), ("pads", Repeat(4, kernel / 2)));
            parts.Add(_random.Next(6) switch
            {
                0 => _model.Add("Mul", [part, _model.Scalar(Pick(0.01f, 0.1f, 20f, 200f))], part.Dims),
                1 => _model.Add("Sigmoid", [part], part.Dims),
                2 or 3 => Bounded(part),
                _ => part,
            });
        }

        if (Chance(0.3)) parts.Add(x);
        if (Chance(0.1)) parts.Add(parts[0]);
        return Concat(parts, 1);
    }

    private Edge Concat(List<Edge> parts, int axis) => _model.Add("Concat", [.. parts],
        With(parts[0].Dims, axis, parts.Sum(p => p.Dims[axis])), ("axis", Chance(0.8) ? axis : axis - parts[0].Rank));

    /// <summary>Splits along the channels, does something to some parts, and joins them in some order.</summary>
    private Edge SplitAndJoin(Edge x)
    {
        int first = _random.Next(1, x.Dims[1]), second = x.Dims[1] - first;
        bool even = first == second && _model.Opset < 18 && Chance(0.5);
        int[][] dims = [With(x.Dims, 1, first), With(x.Dims, 1, second)];
        Edge[] parts = _model.Add("Split", even ? [x] : [x, _model.Numbers(first, second)], dims, ("axis", 1));
        List<Edge> joined = [.. parts.Select(p => _random.Next(4) switch
        {
            0 => Activation(p),
            1 when p.Rank == 4 => _model.Add("Conv", [p, Weight([p.Dims[1], p.Dims[1], 1, 1], p.Dims[1])], p.Dims),
            2 => _model.Add("Mul", [p, _model.Scalar(Pick(0.1f, 2f, 10f))], p.Dims),
            _ => p,
        })];
        if (Chance(0.15))
        {
            _pool.Add(parts[0]);
            return joined[1];
        }

        if (Chance(0.3)) joined.Reverse();
        return Concat(joined, 1);
    }

    private Edge ChannelShuffle(Edge x)
    {
        (int n, int c, int h, int w) = (x.Dims[0], x.Dims[1], x.Dims[2], x.Dims[3]);
        Edge y = ReshapeTo(x, n, 2, c / 2, h, w);
        y = _model.Add("Transpose", [y], [n, c / 2, 2, h, w], ("perm", new[] { 0, 2, 1, 3, 4 }));
        return ReshapeTo(y, n, c, h, w);
    }

    /// <summary>The same weight for two layers, as siamese networks and detection heads have it.</summary>
    private Edge SharedWeights(Edge x)
    {
        int c = x.Dims[1], kernel = Pick(1, 3);
        Edge weight = Weight([c, c, kernel, kernel], c * kernel * kernel), bias = _model.Constant(RandomTensor([c], 0.3));
        Edge other = _pool.Where(e => e.Rank == 4 && e.Dims[1] == c).OrderBy(_ => _random.Next()).First();
        Edge a = Layer(x), b = Layer(other == x ? Activation(x) : other);
        if (a.Dims.SequenceEqual(b.Dims)) return _model.Add("Add", [a, b], a.Dims);
        _pool.Add(b);
        return a;

        Edge Layer(Edge input) => _model.Add(
            "Conv", Chance(0.6) ? [input, weight, bias] : [input, weight], input.Dims, ("pads", Repeat(4, kernel / 2)));
    }

    /// <summary>One bias for two convolutions of different scales.</summary>
    private Edge SharedBias(Edge x)
    {
        int outputs = Channels();
        Edge bias = _model.Constant(RandomTensor([outputs], 0.5));
        Edge[] parts = [.. Enumerable.Range(0, 2).Select(i => _model.Add("Conv",
            [x, _model.Constant(RandomTensor([outputs, x.Dims[1], 1, 1], (i + 0.2) / Math.Sqrt(x.Dims[1]))), bias],
            With(x.Dims, 1, outputs)))];
        return Chance(0.5) ? Concat([.. parts], 1) : _model.Add("Add", parts, parts[0].Dims);
    }

    /// <summary>One head of attention: softmax(Q·Kᵀ/√d)·V.</summary>
    private Edge Attention(Edge x)
    {
        int t = x.Dims[1], d = Pick(4, 8);
        Edge[] qkv = [.. Enumerable.Range(0, 3).Select(_ => MatMulAdd(x, d))];
        Edge keys = _model.Add("Transpose", [qkv[1]], [x.Dims[0], d, t], ("perm", new[] { 0, 2, 1 }));
        Edge scores = _model.Add("MatMul", [qkv[0], keys], [x.Dims[0], t, t]);
        float root = MathF.Sqrt(d);
        scores = Chance(0.5)
            ? _model.Add("Div", [scores, _model.Scalar(root)], scores.Dims)
            : _model.Add("Mul", [scores, _model.Scalar(1 / root)], scores.Dims);
        Edge shares = _model.Add("Softmax", [scores], scores.Dims, ("axis", -1));
        Edge y = _model.Add("MatMul", [shares, qkv[2]], [x.Dims[0], t, d]);
        if (x.Dims[2] != d) return y;
        return _model.Add("Add", [x, y], x.Dims);
    }

    /// <summary>A row of a table for each index: what a language model begins with.</summary>
    private void Embedding()
    {
        int rows = _random.Next(4, 12), width = Pick(4, 8), length = _random.Next(2, 6);
        Edge indices = _model.Input(Pick(ElementType.Int64, ElementType.Int32), [_batch, length], 0, rows - 1);
        Edge y = _model.Add("Gather", [_model.Constant(RandomTensor([rows, width])), indices], [_batch, length, width]);
        _pool.Add(y);
    }

    /// <summary>Sizes computed at run time, as PyTorch writes view(x.size(0), -1).</summary>
    private Edge ShapeArithmetic(Edge x)
    {
        Edge shape = _model.Add("Shape", [x], [x.Rank]);
        Edge first = _model.Add("Gather", [shape, _model.Constant(Tensor.Scalar(0L))], Array.Empty<int>(), ("axis", 0));
        first = _model.Add("Unsqueeze", [first, _model.Numbers(0)], [1]);
        Edge sizes = _model.Add("Concat", [first, _model.Numbers(-1)], [2], ("axis", 0));
        return _model.Add("Reshape", [x, sizes], [x.Dims[0], x.Count / x.Dims[0]]);
    }

    /// <summary>A filled tensor of x's sizes, added to x; or a constant expanded to them.</summary>
    private Edge FilledAndExpanded(Edge x)
    {
        Edge shape = _model.Add("Shape", [x], [x.Rank]);
        Edge filled = Chance(0.5) ? _model.Add("ConstantOfShape", [shape], x.Dims, ("value", Tensor.Vector(0.5f)))
            : _model.Add("Expand", [_model.Constant(RandomTensor([1, .. x.Dims[1..]])), shape], x.Dims);
        return _model.Add("Add", [x, filled], x.Dims);
    }
}
