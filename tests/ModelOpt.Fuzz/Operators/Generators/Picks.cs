namespace ModelOpt.Fuzz.Operators.Generators;

/// <summary>Operators that find places, and those that read or write where indices say.</summary>
internal static class Picks
{
    private static readonly ElementType[][] _oneHots =
    [
        [ElementType.Int64, ElementType.Int64, ElementType.Int64], [ElementType.Float32, ElementType.Int64, ElementType.Int64],
        [ElementType.Float32, ElementType.Float32, ElementType.Float32], [ElementType.Int64, ElementType.Int32, ElementType.Float32],
        [ElementType.Int64, ElementType.Float32, ElementType.Int64], [ElementType.Int32, ElementType.Float32, ElementType.Int32],
        [ElementType.Int32, ElementType.Float32, ElementType.Float32], [ElementType.Int64, ElementType.Float32, ElementType.Float32],
    ];

    /// <summary>ArgMax and ArgMin.</summary>
    public static void Extreme(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank(1));
        int axis = c.Draw.Int(0, dims.Length - 1);
        dims[axis] = Math.Max(1, dims[axis]);
        c.Perhaps("keepdims", c.Draw.Int(0, 1)).Perhaps("select_last_index", c.Draw.Int(0, 1));
        if (axis > 0 || c.Draw.Chance(0.5)) c.With("axis", c.Draw.Axis(axis, dims.Length, c.Opset >= 11));
        // ONNX Runtime reduces empty tensors to other shapes than NumPy.
        c.Data(dims).Disputed(dims.Contains(0));
    }

    /// <summary>TopK, sorted: in what other order results come, ONNX leaves open.</summary>
    public static void Top(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank(1, 4));
        int axis = c.Draw.Int(0, dims.Length - 1), k = c.Draw.Int(Math.Min(1, dims[axis]), dims[axis]);
        if (axis < dims.Length - 1 || c.Draw.Chance(0.5)) c.With("axis", c.Draw.Axis(axis, dims.Length, c.Opset >= 11));
        c.Perhaps("largest", c.Draw.Int(0, 1)).Perhaps("sorted", 1).Outputs(2);
        c.Data(dims);
        if (c.Schema.HasAttribute("k")) c.With("k", k);
        else c.Parameter(Draw.Ints(k), 0.01);
    }

    /// <summary>GatherElements: indices of the rank of the data, not larger but along the axis.</summary>
    public static void GatherElements(CaseBuilder c)
    {
        int[] dims = Filled(c, 1);
        int axis = Axis(c, dims);
        c.Data(dims);
        int[] shape = Array.ConvertAll(dims, d => c.Draw.Chance(0.7) ? d : c.Draw.Int(1, d));
        shape[axis] = c.Draw.Int(1, 7);
        c.Parameter(c.Draw.Tensor(c.Type(1), shape, c.Draw.Chance(0.3) ? -dims[axis] : 0, dims[axis] - 1), 0.3);
    }

    /// <summary>GatherND.</summary>
    public static void GatherND(CaseBuilder c)
    {
        int[] dims = Filled(c, 1);
        int batch = c.Schema.HasAttribute("batch_dims") && c.Draw.Chance(0.4) ? c.Draw.Int(0, dims.Length - 1) : 0;
        int[] outer = [.. dims[..batch], .. Enumerable.Range(0, c.Draw.Int(0, 2)).Select(_ => c.Draw.Int(1, 4))];
        int width = c.Draw.Int(1, dims.Length - batch);
        c.With("batch_dims", batch).Data(dims);
        long[] indices = new long[outer.Aggregate(width, (a, b) => a * b)];
        for (int i = 0; i < indices.Length; i++) indices[i] = Index(c, dims[batch + (i % width)]);
        c.Parameter(Tensor.Of<long>([.. outer, width], indices), 0.3);
    }

    /// <summary>ScatterElements; but for sums and the like no index comes twice, which ONNX leaves open.</summary>
    public static void ScatterElements(CaseBuilder c)
    {
        int[] dims = Filled(c, 1);
        int axis = Axis(c, dims);
        int[] shape = Array.ConvertAll(dims, d => c.Draw.Chance(0.6) ? d : c.Draw.Int(1, d));
        string reduction = Reduction(c);
        c.Data(dims);
        int inner = shape[(axis + 1)..].Aggregate(1, (a, b) => a * b), size = shape[axis];
        long[] indices = new long[shape.Aggregate(1, (a, b) => a * b)];
        for (int line = 0; line < indices.Length / size; line++)
        {
            int[] order = c.Draw.Shuffle(dims[axis]);
            int at = (line / inner * inner * size) + (line % inner);
            for (int i = 0; i < size; i++)
                indices[at + (i * inner)] = c.Draw.Axis(reduction == "none" ? order[i] : c.Draw.Int(0, dims[axis] - 1), dims[axis]);
        }

        c.Parameter(Casting.To(Tensor.Of<long>(shape, indices), c.Type(1)), Computed(reduction)).Data(shape);
    }

    /// <summary>ScatterND; but for sums and the like no place comes twice.</summary>
    public static void ScatterND(CaseBuilder c)
    {
        int[] dims = Filled(c, 1);
        int width = c.Draw.Int(1, dims.Length), places = dims[..width].Aggregate(1, (a, b) => a * b);
        string reduction = Reduction(c);
        int count = reduction == "none" ? c.Draw.Int(1, Math.Min(places, 9)) : c.Draw.Int(1, 9);
        int[] outer = c.Draw.Pick<int[]>([count], [1, count], count == 1 ? [] : [count, 1]);
        int[] order = c.Draw.Shuffle(places);
        long[] indices = new long[count * width];
        for (int i = 0; i < count; i++)
        {
            int rest = reduction == "none" ? order[i] : c.Draw.Int(0, places - 1);
            for (int axis = width - 1; axis >= 0; axis--)
            {
                indices[(i * width) + axis] = c.Draw.Axis(rest % dims[axis], dims[axis]);
                rest /= dims[axis];
            }
        }

        c.Data(dims).Parameter(Tensor.Of<long>([.. outer, width], indices), Computed(reduction)).Data([.. outer, .. dims[width..]]);
    }

    /// <summary>OneHot, of the few combinations of types that ONNX Runtime has a kernel for.</summary>
    public static void OneHot(CaseBuilder c)
    {
        ElementType[] types = c.Draw.Pick<ElementType[]>(_oneHots);
        int[] dims = c.Draw.Dims(c.Draw.Rank(1, 4));
        int depth = c.Draw.Int(1, 7), axis = c.Draw.Int(0, dims.Length);
        if (axis < dims.Length || c.Draw.Chance(0.5)) c.With("axis", c.Draw.Axis(axis, dims.Length + 1));
        // Whole numbers: what a fraction below zero names, ONNX leaves open.
        bool isBeyond = c.Draw.Chance(0.2);
        Tensor indices = c.Draw.Tensor(ElementType.Int64, dims, c.Draw.Chance(0.4) ? -depth : 0, isBeyond ? depth + 2 : depth - 1);
        c.Data(Casting.To(indices, types[0]));
        int[] one = c.Draw.Chance(0.5) ? [] : [1];
        c.Parameter(Casting.To(Tensor.Of<long>(one, [depth]), types[1]), 0.01).Parameter(c.Draw.Tensor(types[2], [2], -3, 3), 0.2);
    }

    /// <summary>Sizes of at least 1: indices need something to name.</summary>
    private static int[] Filled(CaseBuilder c, int rank) => Array.ConvertAll(c.Draw.Dims(c.Draw.Rank(rank, 4)), d => Math.Max(1, d));

    private static int Axis(CaseBuilder c, int[] dims)
    {
        int axis = c.Draw.Int(0, dims.Length - 1);
        if (axis > 0 || c.Draw.Chance(0.5)) c.With("axis", c.Draw.Axis(axis, dims.Length));
        return axis;
    }

    private static long Index(CaseBuilder c, int size) => c.Draw.Axis(c.Draw.Int(0, size - 1), size);

    private static string Reduction(CaseBuilder c)
    {
        if (!c.Schema.HasAttribute("reduction") || !c.Type().IsFloat() || c.Draw.Chance(0.5)) return "none";
        string reduction = c.Opset >= 18 ? c.Draw.Pick("none", "add", "mul", "max", "min") : c.Draw.Pick("none", "add", "mul");
        c.With("reduction", reduction);
        return reduction;
    }

    /// <summary>How often indices are the caller's: rarely where the project needs constant ones.</summary>
    private static double Computed(string reduction) => reduction is "none" or "add" ? 0.3 : 0.02;

    /// <summary>NonMaxSuppression, with scores that are often equal.</summary>
    public static void Boxes(CaseBuilder c)
    {
        int samples = c.Draw.Int(1, 2), classes = c.Draw.Int(1, 3), count = c.Draw.Int(1, 9);
        Tensor boxes = Tensor.Zeros(ElementType.Float32, [samples, count, 4]);
        Tensor scores = Tensor.Zeros(ElementType.Float32, [samples, classes, count]);
        foreach (ref float x in boxes.Span<float>()) x = c.Draw.Int(-8, 8) / 4f;
        foreach (ref float x in scores.Span<float>()) x = c.Draw.Int(0, 8) / 8f;
        c.Perhaps("center_point_box", 1).Data(boxes).Data(scores).Parameter(Tensor.Vector((long)c.Draw.Int(0, 5)));
        if (c.Draw.Chance(0.7)) c.Parameter(Tensor.Vector(c.Draw.Int(0, 4) / 4f));
        else c.Omit();
        if (c.Draw.Chance(0.5)) c.Parameter(Tensor.Vector(c.Draw.Int(0, 3) / 4f));
    }

    /// <summary>Unique of few numbers, along an axis or of all; any of the outputs may be left out.</summary>
    public static void Distinct(CaseBuilder c)
    {
        int[] dims = [.. c.Draw.Dims(c.Draw.Rank(1, 4)).Select(d => Math.Max(1, d))];
        if (c.Draw.Chance(0.5)) c.With("axis", c.Draw.Axis(c.Draw.Int(0, dims.Length - 1), dims.Length));
        c.Perhaps("sorted", 0).Data(dims, -1, 2).Outputs(c.Draw.Int(1, 4));
    }
}
