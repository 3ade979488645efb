using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Tflite;
using FileTensor = ModelOpt.Runtime.Model.Tensor;

namespace ModelOpt.Compiler.Tflite.Lifts;

/// <summary>Pools, images of other sizes, normalizations along channels.</summary>
internal static class Pools
{
    /// <summary>AVERAGE_POOL_2D and MAX_POOL_2D.</summary>
    public static Action<Lifting> Pool(string type) => at =>
    {
        Pool2DOptions options = Pool2DOptions.Read(at.Options);
        if (at.Input(0).Rank != 4) throw at.Refusal("it has no images");
        Value result = at.AddLayer(type, [at.First(0)],
            ("kernel_shape", new long[] { options.FilterHeight, options.FilterWidth }),
            ("strides", new long[] { options.StrideHeight, options.StrideWidth }),
            ("auto_pad", options.Padding == Padding.Same ? "SAME_UPPER" : "VALID"));
        at.Finish(result, true, options.Activation);
    };

    /// <summary>RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR.</summary>
    public static Action<Lifting> Resize(string mode) => at =>
    {
        ResizeOptions options = ResizeOptions.Read(at.Options, at.Node.OptionsType);
        if (at.Input(0).Rank != 4) throw at.Refusal("it has no images");
        string place = options.AlignCorners ? "align_corners" : options.HalfPixelCenters ? "half_pixel" : "asymmetric";
        string nearest = options.AlignCorners || options.HalfPixelCenters ? "round_prefer_ceil" : "floor";
        Value result = at.AddLayer("Resize", [at.First(0), null, null, at.LongsOf(1)],
            ("mode", mode), ("coordinate_transformation_mode", place), ("nearest_mode", nearest), ("axes", new long[] { 2, 3 }));
        at.Finish(result, true);
    };

    /// <summary>DEPTH_TO_SPACE and SPACE_TO_DEPTH.</summary>
    public static Action<Lifting> Blocks(string type) => at =>
        at.Finish(at.AddLayer(type, [at.First(0)], ("blocksize", (long)at.Options.Int32(0))), true);

    /// <summary>SOFTMAX of the last axis, of x times beta.</summary>
    public static void Softmax(Lifting at)
    {
        float beta = SoftmaxOptions.Read(at.Options).Beta;
        Value x = at.Last(0);
        if (beta != 1) x = at.Add("Mul", [x, at.Number(beta)]);
        at.Finish(at.AddLayer("Softmax", [x], ("axis", -1L)));
    }

    /// <summary>L2_NORMALIZATION of the last axis.</summary>
    public static void L2Normalization(Lifting at)
    {
        bool first = at.PrefersFirst();
        Value result = at.AddLayer("LpNormalization", [at.Operand(0, first)], ("axis", first ? 1L : -1L), ("p", 2L));
        at.Finish(result, first, (ActivationFunction)at.Options.Byte(0));
    }

    /// <summary>LOCAL_RESPONSE_NORMALIZATION: ONNX divides alpha by the size.</summary>
    public static void LocalResponse(Lifting at)
    {
        int size = checked((2 * at.Options.Int32(0)) + 1);
        at.Finish(
            at.AddLayer("LRN", [at.First(0)],
                ("size", (long)size), ("bias", at.Options.Single(1)), ("alpha", at.Options.Single(2) * size),
                ("beta", at.Options.Single(3))),
            true);
    }

    /// <summary>MEAN, SUM and the other reductions.</summary>
    public static Action<Lifting> Reduce(string type) => at =>
    {
        FileTensor x = at.Input(0);
        bool keeps = ReducerOptions.Read(at.Options).KeepDimensions;
        int[] axes = [.. at.Ints(1, "axes").Select(a => (int)(a < 0 ? a + x.Rank : a))];
        if (Array.Exists(axes, a => (uint)a >= (uint)x.Rank)) throw at.Refusal("an axis that the input lacks");
        // What is left of the axes must have one order.
        bool hasOneOrder = keeps || axes.Contains(x.Rank - 1) || Enumerable.Range(1, Math.Max(0, x.Rank - 2)).All(axes.Contains);
        bool first = x.Rank >= 3 && hasOneOrder && at.Values.Constant(x) is null && at.Values.IsFirst(x);
        Value input = first ? at.First(0) : at.Last(0);
        Value indices = at.Longs([.. axes.Select(a => (long)Lifting.Axis(a, x.Rank, first))]);
        Value result = at.AddLayer(type, [input, indices], ("keepdims", keeps ? 1L : 0L));
        at.Finish(result, first && keeps);
    };

    /// <summary>REDUCE_ANY and REDUCE_ALL: of numbers 0 and 1.</summary>
    public static Action<Lifting> ReduceLogic(string type) => at =>
    {
        Value numbers = at.Cast(at.Last(0), ElementType.Int32);
        bool keeps = ReducerOptions.Read(at.Options).KeepDimensions;
        Value result = at.Add(type, [numbers, at.LongsOf(1)], ("keepdims", keeps ? 1L : 0L));
        at.Finish(at.Cast(result, ElementType.Bool));
    };

    /// <summary>ARG_MAX and ARG_MIN.</summary>
    public static Action<Lifting> Arg(string type) => at =>
        at.FinishLongs(at.AddLayer(type, [at.Last(0)], ("axis", (long)at.Int(1, "axes")), ("keepdims", 0L)));

    /// <summary>TOPK_V2 along the last axis.</summary>
    public static void TopK(Lifting at)
    {
        Value[] results = at.AddMany("TopK", [at.Last(0), at.Add("Reshape", [at.LongsOf(1), at.Longs(1)])], 2);
        at.Finish(results[0]);
        if (at.Node.Outputs.Length > 1) at.FinishLongs(results[1], 1);
    }

    /// <summary>CUMSUM.</summary>
    public static void Cumsum(Lifting at)
    {
        CumsumOptions options = CumsumOptions.Read(at.Options);
        at.Finish(at.AddLayer("CumSum", [at.Last(0), at.LongsOf(1)],
            ("exclusive", options.Exclusive ? 1L : 0L), ("reverse", options.Reverse ? 1L : 0L)));
    }
}
