using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Fuzz.Graphs.Generation;

/// <content>Patterns of several nodes, with branches, and with constants that several nodes share.</content>
internal sealed partial class GraphGenerator
{
    private Edge Residual(Edge x)
    {
        Edge y = x;
        int layers = random.Next(1, 3);
        for (int i = 0; i < layers; i++)
        {
            int kernel = Pick(1, 3);
            Tensor weight = RandomTensor([x.Dims[1], x.Dims[1], kernel, kernel], Math.Sqrt(1.0 / (x.Dims[1] * kernel * kernel)));
            int pad = kernel / 2;
            y = model.Add("Conv", [y, model.Constant(weight), model.Constant(RandomTensor([x.Dims[1]], 0.2))], x.Dims, ("pads", Repeat(4, pad)));
            if (i + 1 < layers) y = Bounded(y);
        }

        Edge sum = model.Add("Add", Chance(0.5) ? [x, y] : [y, x], x.Dims);
        return Chance(0.6) ? Bounded(sum) : sum;
    }

    private Edge SqueezeExcite(Edge x)
    {
        Edge s = GlobalPool(x, keep: true);
        int c = x.Dims[1], inner = Math.Max(1, c / 2);
        s = model.Add("Relu", [PointConv(s, inner)], [x.Dims[0], inner, 1, 1]);
        s = PointConv(s, c);
        s = Chance(0.5) ? model.Add("Sigmoid", [s], s.Dims) : model.Add("HardSigmoid", [s], s.Dims, ("alpha", 1f / 6), ("beta", 0.5f));
        return model.Add("Mul", Chance(0.5) ? [x, s] : [s, x], x.Dims);
    }

    private Edge PointConv(Edge x, int outputs) => model.Add("Conv",
        [x, Weight([outputs, x.Dims[1], 1, 1], x.Dims[1]), model.Constant(RandomTensor([outputs], 0.2))], With(x.Dims, 1, outputs));

    /// <summary>Two or three ways from a value, of ranges that may be far apart, and their concatenation.</summary>
    private Edge Branches(Edge x)
    {
        List<Edge> parts = [];
        for (int i = random.Next(2, 4); i > 0; i--)
        {
            int kernel = Pick(1, 3), outputs = random.Next(1, 6);
            Edge part = model.Add("Conv", [x, Weight([outputs, x.Dims[1], kernel, kernel], x.Dims[1] * kernel * kernel)],
                With(x.Dims, 1, outputs), ("pads", Repeat(4, kernel / 2)));
            parts.Add(random.Next(6) switch
            {
                0 => model.Add("Mul", [part, model.Scalar(Pick(0.01f, 0.1f, 20f, 200f))], part.Dims),
                1 => model.Add("Sigmoid", [part], part.Dims),
                2 or 3 => Bounded(part),
                _ => part,
            });
        }

        if (Chance(0.3)) parts.Add(x);
        if (Chance(0.1)) parts.Add(parts[0]);
        return Concat(parts, 1);
    }

    private Edge Concat(List<Edge> parts, int axis) => model.Add("Concat", [.. parts],
        With(parts[0].Dims, axis, parts.Sum(p => p.Dims[axis])), ("axis", Chance(0.8) ? axis : axis - parts[0].Rank));

    /// <summary>Splits along the channels, does something to some parts, and joins them in some order.</summary>
    private Edge SplitAndJoin(Edge x)
    {
        int first = random.Next(1, x.Dims[1]), second = x.Dims[1] - first;
        bool even = first == second && model.Opset < 18 && Chance(0.5);
        int[][] dims = [With(x.Dims, 1, first), With(x.Dims, 1, second)];
        Edge[] parts = model.Add("Split", even ? [x] : [x, model.Numbers(first, second)], dims, ("axis", 1));
        List<Edge> joined = [.. parts.Select(p => random.Next(4) switch
        {
            0 => Activation(p),
            1 when p.Rank == 4 => model.Add("Conv", [p, Weight([p.Dims[1], p.Dims[1], 1, 1], p.Dims[1])], p.Dims),
            2 => model.Add("Mul", [p, model.Scalar(Pick(0.1f, 2f, 10f))], p.Dims),
            _ => p,
        })];
        if (Chance(0.15))
        {
            pool.Add(parts[0]);
            return joined[1];
        }

        if (Chance(0.3)) joined.Reverse();
        return Concat(joined, 1);
    }

    private Edge ChannelShuffle(Edge x)
    {
        (int n, int c, int h, int w) = (x.Dims[0], x.Dims[1], x.Dims[2], x.Dims[3]);
        Edge y = ReshapeTo(x, n, 2, c / 2, h, w);
        y = model.Add("Transpose", [y], [n, c / 2, 2, h, w], ("perm", new[] { 0, 2, 1, 3, 4 }));
        return ReshapeTo(y, n, c, h, w);
    }

    /// <summary>The same weight for two layers, as siamese networks and detection heads have it.</summary>
    private Edge SharedWeights(Edge x)
    {
        int c = x.Dims[1], kernel = Pick(1, 3);
        Edge weight = Weight([c, c, kernel, kernel], c * kernel * kernel), bias = model.Constant(RandomTensor([c], 0.3));
        Edge other = pool.Where(e => e.Rank == 4 && e.Dims[1] == c).OrderBy(_ => random.Next()).First();
        Edge a = Layer(x), b = Layer(other == x ? Activation(x) : other);
        if (a.Dims.SequenceEqual(b.Dims)) return model.Add("Add", [a, b], a.Dims);
        pool.Add(b);
        return a;

        Edge Layer(Edge input) => model.Add("Conv", Chance(0.6) ? [input, weight, bias] : [input, weight], input.Dims, ("pads", Repeat(4, kernel / 2)));
    }

    /// <summary>One bias for two convolutions of different scales.</summary>
    private Edge SharedBias(Edge x)
    {
        int outputs = Channels();
        Edge bias = model.Constant(RandomTensor([outputs], 0.5));
        Edge[] parts = [.. Enumerable.Range(0, 2).Select(i => model.Add("Conv",
            [x, model.Constant(RandomTensor([outputs, x.Dims[1], 1, 1], (i + 0.2) / Math.Sqrt(x.Dims[1]))), bias], With(x.Dims, 1, outputs)))];
        return Chance(0.5) ? Concat([.. parts], 1) : model.Add("Add", parts, parts[0].Dims);
    }

    /// <summary>One head of attention: softmax(Q·Kᵀ/√d)·V.</summary>
    private Edge Attention(Edge x)
    {
        int t = x.Dims[1], d = Pick(4, 8);
        Edge[] qkv = [.. Enumerable.Range(0, 3).Select(_ => MatMulAdd(x, d))];
        Edge keys = model.Add("Transpose", [qkv[1]], [x.Dims[0], d, t], ("perm", new[] { 0, 2, 1 }));
        Edge scores = model.Add("MatMul", [qkv[0], keys], [x.Dims[0], t, t]);
        float root = MathF.Sqrt(d);
        scores = Chance(0.5) ? model.Add("Div", [scores, model.Scalar(root)], scores.Dims) : model.Add("Mul", [scores, model.Scalar(1 / root)], scores.Dims);
        Edge shares = model.Add("Softmax", [scores], scores.Dims, ("axis", -1));
        Edge y = model.Add("MatMul", [shares, qkv[2]], [x.Dims[0], t, d]);
        if (x.Dims[2] != d) return y;
        return model.Add("Add", [x, y], x.Dims);
    }

    /// <summary>A row of a table for each index: what a language model begins with.</summary>
    private void Embedding()
    {
        int rows = random.Next(4, 12), width = Pick(4, 8), length = random.Next(2, 6);
        Edge indices = model.Input(Pick(ElementType.Int64, ElementType.Int32), [batch, length], 0, rows - 1);
        Edge y = model.Add("Gather", [model.Constant(RandomTensor([rows, width])), indices], [batch, length, width]);
        pool.Add(y);
    }

    /// <summary>Sizes computed at run time, as PyTorch writes view(x.size(0), -1).</summary>
    private Edge ShapeArithmetic(Edge x)
    {
        Edge shape = model.Add("Shape", [x], [x.Rank]);
        Edge first = model.Add("Gather", [shape, model.Constant(Tensor.Scalar(0L))], Array.Empty<int>(), ("axis", 0));
        first = model.Add("Unsqueeze", [first, model.Numbers(0)], [1]);
        Edge sizes = model.Add("Concat", [first, model.Numbers(-1)], [2], ("axis", 0));
        return model.Add("Reshape", [x, sizes], [x.Dims[0], x.Count / x.Dims[0]]);
    }

    /// <summary>A filled tensor of x's sizes, added to x; or a constant expanded to them.</summary>
    private Edge FilledAndExpanded(Edge x)
    {
        Edge shape = model.Add("Shape", [x], [x.Rank]);
        Edge filled = Chance(0.5) ? model.Add("ConstantOfShape", [shape], x.Dims, ("value", Tensor.Vector(0.5f)))
            : model.Add("Expand", [model.Constant(RandomTensor([1, .. x.Dims[1..]])), shape], x.Dims);
        return model.Add("Add", [x, filled], x.Dims);
    }
}
