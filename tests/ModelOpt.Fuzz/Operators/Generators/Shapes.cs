namespace ModelOpt.Fuzz.Operators.Generators;

/// <summary>Operators that change shapes, tell them, or make tensors of them.</summary>
internal static class Shapes
{
    /// <summary>ReverseSequence.</summary>
    public static void Reversed(CaseBuilder c)
    {
        int time = c.Draw.Int(0, 1);
        int[] dims = [c.Draw.Int(1, 5), c.Draw.Int(1, 5), .. c.Draw.Chance(0.5) ? [] : new[] { c.Draw.Int(1, 3) }];
        c.With("time_axis", time).With("batch_axis", 1 - time);
        long[] lengths = [.. Enumerable.Range(0, dims[1 - time]).Select(_ => (long)c.Draw.Int(1, dims[time]))];
        c.Data(dims).Parameter(Tensor.Vector<long>(lengths), 0.5);
    }

    /// <summary>Reshape: with a -1, with sizes that are kept (0), with sizes of zero (allowzero).</summary>
    public static void Reshape(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank());
        var shape = new List<long>();
        // Sizes in another order and merged here and there have as many elements.
        long pending = 1;
        foreach (int axis in c.Draw.Shuffle(dims.Length))
        {
            pending *= dims[axis];
            if (c.Draw.Chance(0.3)) continue;
            shape.Add(pending);
            pending = 1;
            if (c.Draw.Chance(0.2)) shape.Add(1);
        }

        if (pending != 1 || (shape.Count == 0 && c.Draw.Chance(0.5))) shape.Add(pending);
        bool isEmpty = shape.Contains(0);
        if (isEmpty) c.With("allowzero", 1);
        else
        {
            if (c.Draw.Chance(0.2)) c.With("allowzero", 0);
            if (shape.Count > 0 && c.Draw.Chance(0.4)) shape[c.Draw.Int(0, shape.Count - 1)] = -1;
            for (int i = 0; i < Math.Min(shape.Count, dims.Length); i++)
                if (shape[i] == dims[i] && c.Draw.Chance(0.5)) shape[i] = 0;
        }

        c.Data(dims).Parameter(Draw.Ints([.. shape]), 0.02);
    }

    /// <summary>NonZero.</summary>
    public static void NonZero(CaseBuilder c) => c.Data(c.Draw.Dims(c.Draw.Rank()), -1, 1);

    /// <summary>Compress: along an axis or of all elements, the condition as long or shorter.</summary>
    public static void Compress(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank(1));
        int axis = c.Draw.Int(0, dims.Length - 1);
        bool isNamed = c.Draw.Chance(0.7);
        int most = isNamed ? dims[axis] : dims.Aggregate(1, (a, b) => a * b);
        if (isNamed) c.With("axis", c.Draw.Axis(axis, dims.Length, c.Opset >= 11));
        c.Data(dims);
        c.Data(c.Draw.Tensor(ElementType.Bool, [c.Draw.Chance(0.7) ? most : c.Draw.Int(0, most)]));
    }

    /// <summary>Flatten.</summary>
    public static void Flatten(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank());
        c.Perhaps("axis", c.Draw.Axis(c.Draw.Int(0, dims.Length), dims.Length, c.Opset >= 11 && dims.Length > 0));
        c.Data(dims);
    }

    /// <summary>Squeeze: axes that are 1, named or all.</summary>
    public static void Squeeze(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank());
        long[] axes = c.Draw.Axes(dims.Length, 0, c.Opset >= 11);
        foreach (long axis in axes) dims[(axis + dims.Length) % dims.Length] = 1;
        c.Data(dims);
        if (axes.Length > 0 && c.Draw.Chance(0.8)) c.Numbers("axes", axes, 1);
    }

    /// <summary>Unsqueeze.</summary>
    public static void Unsqueeze(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank(0, 4));
        int more = c.Draw.Int(1, 2), rank = dims.Length + more;
        c.Data(dims).Numbers("axes", [.. c.Draw.Shuffle(rank).Take(more).Select(a => c.Draw.Axis(a, rank, c.Opset >= 11))], 1);
    }

    /// <summary>Shape, of all axes or of some.</summary>
    public static void Shape(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank());
        c.Perhaps("start", c.Draw.Int(-7, 7)).Perhaps("end", c.Draw.Int(-7, 7));
        c.Data(dims);
    }

    /// <summary>Constant: a tensor, a number or a list of numbers.</summary>
    public static void Constant(CaseBuilder c)
    {
        string kind = c.Draw.Pick("value", "value", "value_float", "value_floats", "value_int", "value_ints");
        if (!c.Schema.HasAttribute(kind)) kind = "value";
        ElementType type = c.TypeOf(c.Schema.Outputs[0].Types);
        c.With(kind, kind switch
        {
            "value_float" => c.Draw.Real(-4, 4),
            "value_floats" => new[] { c.Draw.Real(-4, 4), c.Draw.Real(-4, 4) },
            "value_int" => (long)c.Draw.Int(-9, 9),
            "value_ints" => new[] { 1L, c.Draw.Int(-9, 9) },
            _ => c.Draw.Tensor(type, c.Draw.Dims(c.Draw.Rank())),
        });
    }

    /// <summary>ConstantOfShape.</summary>
    public static void Filled(CaseBuilder c)
    {
        ElementType type = c.TypeOf(c.Schema.Outputs[0].Types);
        if (c.Draw.Chance(0.8)) c.With("value", c.Draw.Tensor(type, [1]));
        c.Parameter(Draw.Ints([.. c.Draw.Dims(c.Draw.Rank()).Select(d => (long)d)]), 0.02);
    }

    /// <summary>Size.</summary>
    public static void Size(CaseBuilder c) => c.Data(c.Draw.Dims(c.Draw.Rank()));

    /// <summary>Range, in quarters: how often a step fits is no matter of rounding then.</summary>
    public static void Range(CaseBuilder c)
    {
        double unit = c.Type().IsFloat() ? 0.25 : 1;
        int start = c.Draw.Int(-9, 9), step = c.Draw.Int(1, 5) * c.Draw.Pick(1, 1, -1);
        int limit = start + (c.Draw.Chance(0.9) ? Math.Sign(step) * c.Draw.Int(0, 30) : -step);
        foreach (int number in (int[])[start, limit, step])
            c.Parameter(Casting.To(Tensor.Scalar(number * unit), c.Type()), 0.005);
    }

    /// <summary>EyeLike, of the types that ONNX Runtime has kernels for.</summary>
    public static void Eye(CaseBuilder c)
    {
        ElementType type = c.Draw.Pick(ElementType.Float32, ElementType.Float64, ElementType.Int32, ElementType.Int64, ElementType.UInt64);
        if (c.Draw.Chance(0.5)) c.With("dtype", (long)type);
        c.Perhaps("k", c.Draw.Int(-3, 3)).Data(c.Draw.Dims(2));
    }

    /// <summary>Trilu.</summary>
    public static void Triangle(CaseBuilder c)
    {
        c.Perhaps("upper", c.Draw.Int(0, 1)).Data(c.Draw.Dims(c.Draw.Rank(2)));
        if (c.Draw.Chance(0.6)) c.Parameter(Tensor.Scalar((long)c.Draw.Int(-4, 4)), 0.01);
    }
}
