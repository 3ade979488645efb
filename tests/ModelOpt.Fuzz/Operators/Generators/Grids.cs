namespace ModelOpt.Fuzz.Operators.Generators;

/// <summary>
/// Pools by norms, images taken apart and put together, sampling at points, and sums of products.
/// </summary>
internal static class Grids
{
    /// <summary>DeformConv.</summary>
    public static void Deform(CaseBuilder c)
    {
        int groups = c.Draw.Int(1, 2), own = c.Draw.Int(1, 2), outputs = c.Draw.Int(1, 2);
        int high = c.Draw.Int(3, 6), wide = c.Draw.Int(3, 6);
        int[] kernel = Sizes(c, 2, 1, 3), strides = Sizes(c, 2, 1, 2), pads = Sizes(c, 4, 0, 1);
        int offsetGroups = c.Draw.Int(1, 2), channels = groups * own * 2, batch = c.Draw.Int(1, 2), taps = kernel[0] * kernel[1];
        int rows = ((high + pads[0] + pads[2] - kernel[0]) / strides[0]) + 1;
        int columns = ((wide + pads[1] + pads[3] - kernel[1]) / strides[1]) + 1;
        c.With("group", groups).With("offset_group", offsetGroups);
        c.With("strides", Windows.Longs(strides)).With("pads", Windows.Longs(pads));
        c.Data([batch, channels, high, wide]).Parameter(c.Draw.Tensor(c.Type(), [groups * outputs, own * 2, .. kernel]), 0);
        c.Data(c.Draw.Reals(c.Type(), [batch, offsetGroups * taps * 2, rows, columns], -1.7, 1.7));
        if (c.Draw.Chance(0.5)) return;
        c.Parameter(c.Draw.Tensor(c.Type(), [groups * outputs]));
        if (c.Draw.Chance(0.5)) c.Data([batch, offsetGroups * taps, rows, columns], 0, 1);
    }

    /// <summary>LpPool.</summary>
    public static void NormPool(CaseBuilder c)
    {
        Windows.Window window = Windows.Attributes(c);
        c.With("kernel_shape", Windows.Longs(window.Kernel)).Perhaps("p", c.Draw.Int(1, 3));
        c.Data([c.Draw.Int(1, 2), c.Draw.Int(1, 4), .. window.Sizes]);
        // As in the other pools.
        c.Disputed(window.IsSame && window.Kernel.Where((k, i) => window.Dilations[i] > 1 || window.Strides[i] > k).Any());
        c.Disputed(window.MaySeeNothing);
    }

    /// <summary>GlobalLpPool.</summary>
    public static void GlobalNorm(CaseBuilder c)
    {
        c.Perhaps("p", c.Draw.Int(1, 3));
        Windows.Global(c);
    }

    /// <summary>Det.</summary>
    public static void Determinant(CaseBuilder c)
    {
        int n = c.Draw.Int(1, 5);
        c.Data(c.Draw.Chance(0.5) ? [n, n] : [c.Draw.Int(1, 3), n, n], -1, 1);
    }

    /// <summary>MaxUnpool, of indices that differ from each other.</summary>
    public static void Unpool(CaseBuilder c)
    {
        int rank = c.Draw.Int(1, 3);
        int[] kernel = Sizes(c, rank, 1, 3), strides = Sizes(c, rank, 1, 3), sizes = Sizes(c, rank, 1, 4);
        int[] front = [c.Draw.Int(1, 2), c.Draw.Int(1, 3)], whole = [.. sizes.Select((s, i) => ((s - 1) * strides[i]) + kernel[i])];
        c.With("kernel_shape", Windows.Longs(kernel)).With("strides", Windows.Longs(strides));
        c.Data([.. front, .. sizes]);
        int total = Count([.. front, .. whole]), count = Count([.. front, .. sizes]);
        c.Disputed(count > total);
        long[] places = [.. c.Draw.Shuffle(Math.Max(total, count)).Take(count).Select(place => (long)(place % total))];
        c.Parameter(Tensor.Of<long>([.. front, .. sizes], places), 0.5);
    }

    /// <summary>Einsum.</summary>
    public static void Einsum(CaseBuilder c)
    {
        string equation = c.Draw.Pick(
            "ij,jk->ik", "bij,bjk->bik", "bhid,bhjd->bhij", "ij->ji", "ij->i", "ij", "ii->i", "bii->bi", "i,j->ij", "ij,ij->",
            "i,i->i", "bijc,ckl->bijkl", "bijck,ckl->bijl", "cbik,kcjb->jbi", "ij,jk,kl->il",
            "...ij,...jk->...ik", "...ij->...ji", "bij,kj,bl->bikl");
        c.With("equation", equation);
        Dictionary<char, int> sizes = [];
        foreach (string term in equation.Split("->")[0].Replace("...", "..", StringComparison.Ordinal).Split(','))
        {
            int[] dims = [.. term.Select((label, i) =>
            {
                char key = label == '.' ? (char)i : label;
                if (!sizes.ContainsKey(key)) sizes[key] = c.Draw.Int(1, 5);
                return sizes[key];
            })];
            c.Data(dims);
        }
    }

    /// <summary>CenterCropPad.</summary>
    public static void Centre(CaseBuilder c)
    {
        int[] dims = Array.ConvertAll(c.Draw.Dims(c.Draw.Rank(1, 4)), d => Math.Max(1, d));
        long[] axes = [.. Enumerable.Range(0, dims.Length).Select(a => (long)a)];
        if (c.Draw.Chance(0.5)) c.With("axes", axes = c.Draw.Axes(dims.Length, least: 1));
        c.Data(dims).Parameter(Casting.To(Tensor.Vector<long>([.. axes.Select(_ => (long)c.Draw.Int(1, 9))]), c.Type(1)), 0);
    }

    /// <summary>Col2Im.</summary>
    public static void Columns(CaseBuilder c)
    {
        Windows.Window window = Windows.Attributes(c);
        int rank = window.Kernel.Length, taps = Count(window.Kernel);
        int[] counts = [.. window.Sizes.Select((s, i) =>
            ((s + window.Pads[i] + window.Pads[i + rank] - ((window.Kernel[i] - 1) * window.Dilations[i]) - 1) / window.Strides[i]) + 1)];
        // Of other images than those of two dimensions, ONNX Runtime adds elements up that lie apart where blocks are dilated.
        c.Disputed(rank != 2 && window.Dilations.Any(d => d > 1));
        c.Data([c.Draw.Int(1, 2), c.Draw.Int(1, 3) * taps, Count(counts)]);
        c.Parameter(Tensor.Vector<long>(Windows.Longs(window.Sizes)), 0).Parameter(Tensor.Vector<long>(Windows.Longs(window.Kernel)), 0);
    }

    /// <summary>AffineGrid; ONNX leaves open where an axis of one element lies when corners are aligned.</summary>
    public static void Affine(CaseBuilder c)
    {
        int axes = c.Draw.Int(2, 3), batch = c.Draw.Int(1, 3);
        c.Perhaps("align_corners", c.Draw.Int(0, 1)).Data([batch, axes, axes + 1], -1, 1);
        c.Parameter(Tensor.Vector<long>([batch, c.Draw.Int(1, 3), .. Windows.Longs(Sizes(c, axes, 2, 6))]), 0);
    }

    /// <summary>GridSample.</summary>
    public static void Sample(CaseBuilder c)
    {
        int axes = c.Opset >= 20 && c.Draw.Chance(0.3) ? 3 : 2, batch = c.Draw.Int(1, 2);
        string mode = axes == 3 ? c.Draw.Pick("linear", "nearest")
            : c.Opset >= 20 ? c.Draw.Pick("linear", "nearest", "cubic") : c.Draw.Pick("bilinear", "nearest", "bicubic");
        string padding = c.Draw.Pick("zeros", "border", "reflection");
        int aligns = c.Draw.Int(0, 1);
        c.With("mode", mode).With("padding_mode", padding).With("align_corners", aligns);
        c.Data([batch, c.Draw.Int(1, 3), .. Sizes(c, axes, 2, 6)]);
        // Half a position would be rounded to one side or the other.
        c.Data(c.Draw.Reals(c.Type(1), [batch, .. Sizes(c, axes, 1, 4), axes], -1.7, 1.7));
    }

    /// <summary>GridSample of ONNX Runtime.</summary>
    public static void OwnSample(CaseBuilder c)
    {
        int batch = c.Draw.Int(1, 2);
        c.With("mode", c.Draw.Pick("bilinear", "nearest", "bicubic")).With("padding_mode", c.Draw.Pick("zeros", "border", "reflection"));
        c.With("align_corners", c.Draw.Int(0, 1));
        c.Data([batch, c.Draw.Int(1, 3), .. Sizes(c, 2, 2, 6)]);
        c.Data(c.Draw.Reals(c.Type(1), [batch, .. Sizes(c, 2, 1, 4), 2], -1.7, 1.7));
    }

    /// <summary>RoiAlign: the mean or the largest of a known number of points, mostly.</summary>
    public static void Regions(CaseBuilder c)
    {
        int batch = c.Draw.Int(1, 3), regions = c.Draw.Int(1, 4);
        c.Perhaps("output_height", c.Draw.Int(1, 3)).Perhaps("output_width", c.Draw.Int(1, 3));
        c.Perhaps("spatial_scale", c.Draw.Real(0.25, 1));
        c.Perhaps("coordinate_transformation_mode", c.Draw.Pick("half_pixel", "output_half_pixel"));
        if (c.Draw.Chance(0.98)) c.With("sampling_ratio", c.Draw.Int(1, 3));
        c.Data([batch, c.Draw.Int(1, 3), c.Draw.Int(2, 6), c.Draw.Int(2, 6)]);
        c.Data(c.Draw.Reals(c.Type(1), [regions, 4], -2, 9));
        c.Parameter(Tensor.Vector<long>([.. Enumerable.Range(0, regions).Select(_ => (long)c.Draw.Int(0, batch - 1))]), 0.5);
        c.Perhaps("mode", "max");
    }

    /// <summary>Some sizes.</summary>
    internal static int[] Sizes(CaseBuilder c, int count, int low, int high) =>
        [.. Enumerable.Range(0, count).Select(_ => c.Draw.Int(low, high))];

    private static int Count(int[] sizes) => sizes.Aggregate(1, (a, b) => a * b);
}
