namespace ModelOpt.Fuzz.Graphs.Generation;

/// <content>Operators that move elements, pool them or reduce them.</content>
internal sealed partial class GraphGenerator
{
    private Edge SliceOf(Edge x)
    {
        int axis = Chance(0.7) ? 1 : _random.Next(1, x.Rank), size = x.Dims[axis];
        int step = Chance(0.2) ? 2 : 1, start = _random.Next(0, size), end = _random.Next(start + 1, size + 1);
        int written = end == size && Chance(0.5) ? int.MaxValue : end;
        return _model.Add("Slice", [x, _model.Numbers(start), _model.Numbers(written), _model.Numbers(Chance(0.7) ? axis : axis - x.Rank),
            _model.Numbers(step)],
            With(x.Dims, axis, (end - start + step - 1) / step));
    }

    private Edge GatherOf(Edge x)
    {
        int axis = Chance(0.6) ? 1 : _random.Next(1, x.Rank), size = x.Dims[axis];
        if (Chance(0.2) && x.Rank > 2)
        {
            int[] dims = [.. x.Dims[..axis], .. x.Dims[(axis + 1)..]];
            return _model.Add("Gather", [x, _model.Constant(Tensor.Scalar((long)_random.Next(size)))], dims, ("axis", axis));
        }

        int[] indices = [.. Enumerable.Range(0, _random.Next(1, size + 2)).Select(_ => _random.Next(size))];
        return _model.Add("Gather", [x, _model.Numbers(indices)], With(x.Dims, axis, indices.Length), ("axis", axis));
    }

    private Edge Pad(Edge x)
    {
        int[] pads = new int[2 * x.Rank];
        for (int i = Math.Min(x.Rank - 1, 2); i < x.Rank; i++) (pads[i], pads[i + x.Rank]) = (_random.Next(0, 3), _random.Next(0, 3));
        int[] dims = [.. x.Dims.Select((d, i) => d + pads[i] + pads[i + x.Rank])];
        string mode = Chance(0.8) || x.Dims[2..].Any(d => d < 4) || x.Rank != 4 ? "constant" : Pick("reflect", "edge");
        Edge y = Chance(0.5) || mode != "constant"
            ? _model.Add("Pad", [x, _model.Numbers(pads)], dims, ("mode", mode))
            : _model.Add("Pad", [x, _model.Numbers(pads), _model.Scalar(Pick(0f, 0f, -1f, 0.5f))], dims);
        return x.Rank == 4 && Chance(0.5)
            ? _model.Add("Conv", [y, Weight([4, y.Dims[1], 1, 1], y.Dims[1])], With(y.Dims, 1, 4)) : y;
    }

    private Edge Pool(Edge x)
    {
        int kernel = Pick(2, 2, 3), stride = Pick(1, 2, 2);
        bool padded = kernel == 3 && Chance(0.6), ceil = Chance(0.1);
        int pad = padded ? 1 : 0;
        int[] dims = [x.Dims[0], x.Dims[1], .. x.Dims[2..].Select(d => Windows(d + (2 * pad)))];
        List<(string, object)> attributes = [("kernel_shape", Repeat(2, kernel)), ("strides", Repeat(2, stride)), ("pads", Repeat(4, pad))];
        if (!ceil && Chance(0.15)) return _model.Add("LpPool", [x], dims, [.. attributes, ("p", 1 + _random.Next(3))]);
        if (ceil) attributes.Add(("ceil_mode", 1));
        if (Chance(0.6)) return _model.Add("MaxPool", [x], dims, [.. attributes]);
        if (padded && Chance(0.3)) attributes.Add(("count_include_pad", 1));
        return _model.Add("AveragePool", [x], dims, [.. attributes]);

        int Windows(int size)
        {
            int windows = ((size - kernel + (ceil ? stride - 1 : 0)) / stride) + 1;
            // A window that would begin in the padding at the end does not count.
            return ceil && (windows - 1) * stride >= size - pad ? windows - 1 : windows;
        }
    }

    private Edge GlobalPool(Edge x) => GlobalPool(x, Chance(0.7));

    private Edge GlobalPool(Edge x, bool keep)
    {
        int[] dims = keep ? [x.Dims[0], x.Dims[1], 1, 1] : [x.Dims[0], x.Dims[1]];
        return keep && Chance(0.6) ? _model.Add(Pick("GlobalAveragePool", "GlobalAveragePool", "GlobalMaxPool"), [x], dims)
            : Reduced("ReduceMean", x, [2, 3], keep, dims);
    }

    private Edge Reduced(string type, Edge x, int[] axes, bool keep, int[] dims) =>
        type == "ReduceSum" || _model.Opset >= 18
            ? _model.Add(type, [x, _model.Numbers(axes)], dims, ("keepdims", keep ? 1 : 0))
            : _model.Add(type, [x], dims, ("axes", axes), ("keepdims", keep ? 1 : 0));

    private Edge Reduce(Edge x)
    {
        int axis = _random.Next(1, x.Rank);
        bool keep = x.Rank == 2 || Chance(0.5);
        int[] dims = keep ? With(x.Dims, axis, 1) : [.. x.Dims[..axis], .. x.Dims[(axis + 1)..]];
        return Reduced(Pick("ReduceMean", "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL2"), x,
            [Chance(0.5) ? axis : axis - x.Rank], keep, dims);
    }

    private Edge? Resize(Edge x)
    {
        int[] dims = [x.Dims[0], x.Dims[1], 2 * x.Dims[2], 2 * x.Dims[3]];
        if (dims[1] * dims[2] * dims[3] > MostElements) return null;
        bool linear = Chance(0.4), sized = !_model.IsOpen && Chance(0.4);
        Edge scales = sized ? _model.Constant(Tensor.Vector<float>()) : _model.Constant(Tensor.Vector(1f, 1f, 2f, 2f));
        Edge?[] inputs = sized ? [x, null, null, _model.Numbers(dims)] : [x, null, scales];
        return linear
            ? _model.Add("Resize", inputs, dims, ("mode", "linear"),
                ("coordinate_transformation_mode", Pick("half_pixel", "align_corners", "asymmetric")))
            : _model.Add("Resize", inputs, dims, ("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"),
                ("nearest_mode", "floor"));
    }

    /// <summary>Channels to blocks of pixels, or back.</summary>
    private Edge? Blocks(Edge x)
    {
        (int n, int c, int h, int w) = (x.Dims[0], x.Dims[1], x.Dims[2], x.Dims[3]);
        if (c % 4 == 0) return _model.Add("DepthToSpace", [x], [n, c / 4, 2 * h, 2 * w], ("blocksize", 2), ("mode", Pick("DCR", "CRD")));
        return h % 2 == 0 && w % 2 == 0 ? _model.Add("SpaceToDepth", [x], [n, 4 * c, h / 2, w / 2], ("blocksize", 2)) : null;
    }

    private Edge? Tile(Edge x) => x.Count > MostElements / 2 ? null
        : _model.Add("Tile", [x, _model.Numbers([.. Enumerable.Repeat(1, x.Rank - 1), 2])], With(x.Dims, x.Rank - 1, 2 * x.Dims[^1]));

    private Edge Flatten(Edge x)
    {
        int[] dims = [x.Dims[0], x.Count / x.Dims[0]];
        Edge y = Chance(0.6) ? _model.Add("Flatten", [x], dims, ("axis", 1)) : ReshapeTo(x, dims);
        return Chance(0.5) ? Dense(y) : y;
    }

    private Edge ToSequence(Edge x)
    {
        (int n, int c, int pixels) = (x.Dims[0], x.Dims[1], x.Dims[2] * x.Dims[3]);
        Edge y = ReshapeTo(x, n, c, pixels);
        return Chance(0.7) ? _model.Add("Transpose", [y], [n, pixels, c], ("perm", new[] { 0, 2, 1 })) : y;
    }

    /// <summary>A Transpose that stays, or one that is taken back behind an operator on elements.</summary>
    private Edge TransposeAround(Edge x)
    {
        int[] order = [0, .. Enumerable.Range(1, x.Rank - 1).OrderBy(_ => _random.Next())];
        if (x.Rank == 4 && Chance(0.5)) order = [0, 2, 3, 1];
        Edge y = _model.Add("Transpose", [x], [.. order.Select(a => x.Dims[a])], ("perm", order));
        if (Chance(0.4)) return y;
        if (Chance(0.7)) y = Activation(y);
        int[] back = [.. Enumerable.Range(0, x.Rank).Select(a => Array.IndexOf(order, a))];
        return _model.Add("Transpose", [y], x.Dims, ("perm", back));
    }

    private Edge UnsqueezeAndBack(Edge x)
    {
        int axis = _random.Next(1, x.Rank + 1);
        int[] dims = [.. x.Dims[..axis], 1, .. x.Dims[axis..]];
        Edge y = _model.Add("Unsqueeze", [x, _model.Numbers(axis)], dims);
        if (Chance(0.5)) return y;
        if (Chance(0.7)) y = Activation(y);
        return _model.Add("Squeeze", [y, _model.Numbers(axis)], x.Dims);
    }
}
