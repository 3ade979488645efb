using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;
using FileTensor = ModelOpt.Runtime.Model.Tensor;

namespace ModelOpt.Compiler.Tflite.Lifts;

/// <summary>Convolutions, dense layers and products of matrices.</summary>
internal static class Layers
{
    /// <summary>CONV_2D: weights [O, H, W, I].</summary>
    public static void Conv2D(Lifting at)
    {
        Conv2DOptions options = Conv2DOptions.Read(at.Options);
        Tensor weights = Weights(at, 1);
        int channels = weights.Dims[3];
        if (channels == 0 || at.Input(0).Rank != 4 || at.Input(0).Shape[3] % channels != 0)
            throw at.Refusal($"filters of {channels} channels for an input of {new Shape(at.Input(0).Shape)}");
        Value result = at.AddLayer("Conv", [at.First(0), Weight(at, 1, [0, 3, 1, 2]), Bias(at, 2, 1)],
            ("strides", Pair(options.StrideHeight, options.StrideWidth)),
            ("dilations", Pair(options.DilationHeight, options.DilationWidth)),
            ("auto_pad", AutoPad(at, options.Padding)),
            ("group", (long)(at.Input(0).Shape[3] / channels)));
        at.Finish(result, true, options.Activation);
    }

    /// <summary>DEPTHWISE_CONV_2D: weights [1, H, W, O].</summary>
    public static void Depthwise(Lifting at)
    {
        DepthwiseConv2DOptions options = DepthwiseConv2DOptions.Read(at.Options);
        Tensor weights = Weights(at, 1);
        if (weights.Dims[0] != 1 || at.Input(0).Rank != 4) throw at.Refusal($"filters {weights.Shape}");
        Value result = at.AddLayer("Conv", [at.First(0), Weight(at, 1, [3, 0, 1, 2]), Bias(at, 2, 1)],
            ("strides", Pair(options.StrideHeight, options.StrideWidth)),
            ("dilations", Pair(options.DilationHeight, options.DilationWidth)),
            ("auto_pad", AutoPad(at, options.Padding)),
            ("group", (long)at.Input(0).Shape[3]));
        at.Finish(result, true, options.Activation);
    }

    /// <summary>TRANSPOSE_CONV: the output's sizes, weights [O, H, W, I], x, bias.</summary>
    public static void TransposeConv(Lifting at)
    {
        var options = TransposeConvOptions.Read(at.Options);
        TransposedLayer(at, 2, 1, 3, options.Padding, (options.StrideHeight, options.StrideWidth), options.Activation);
    }

    /// <summary>MediaPipe's Convolution2DTransposeBias: x, weights [O, H, W, I], bias.</summary>
    public static void TransposeConvBias(Lifting at)
    {
        TransposeConvOptions options = TransposedConvolution.OptionsOf(at.Node);
        TransposedLayer(at, 0, 1, 2, options.Padding, (options.StrideHeight, options.StrideWidth), options.Activation);
    }

    /// <summary>A transposed convolution whose weights are [O, H, W, I].</summary>
    private static void TransposedLayer(
        Lifting at, int input, int weight, int bias, Padding padding, (int Height, int Width) strides, ActivationFunction activation)
    {
        FileTensor x = at.Input(input);
        Tensor weights = Weights(at, weight);
        if (x.Rank != 4 || at.Output.Rank != 4 || strides.Height < 1 || strides.Width < 1) throw at.Refusal("it has no images");
        if (Lifting.SizesOf(x)[1..].Any(d => d < 0)) throw at.Refusal("an input of open height or width");
        _ = AutoPad(at, padding);
        (long top, long bottom, long below) = Pads(x.Shape[1], weights.Dims[1], strides.Height, at.Output.Shape[1]);
        (long left, long right, long beside) = Pads(x.Shape[2], weights.Dims[2], strides.Width, at.Output.Shape[2]);
        Value result = at.AddLayer("ConvTranspose", [at.First(input), Weight(at, weight, [3, 0, 1, 2]), Bias(at, bias, weight, input)],
            ("strides", Pair(strides.Height, strides.Width)),
            ("pads", new[] { top, left, bottom, right }),
            ("output_padding", new[] { below, beside }));
        at.Finish(result, true, activation);
    }

    /// <summary>FULLY_CONNECTED: weights [O, I]; all axes of the input but the last are one, unless they are kept.</summary>
    public static void FullyConnected(Lifting at)
    {
        FullyConnectedOptions options = FullyConnectedOptions.Read(at.Options);
        if (options.WeightsFormat != 0) throw at.Refusal("shuffled weights");
        FileTensor x = at.Input(0), w = at.Input(1);
        if (w.Rank != 2 || x.Rank == 0) throw at.Refusal($"weights {new Shape(w.Shape)}");
        Value rows = at.Last(0);
        if (x.Rank != 2 || x.Shape[1] != w.Shape[1])
            rows = at.Values.Rounded(at.Add("Reshape", [rows, at.Longs(-1, w.Shape[1])]), x);
        Value result = at.AddLayer("Gemm", [rows, at.Last(1), Bias(at, 2, 1)], ("transB", 1L));
        result = at.Activated(result, options.Activation);
        if (at.Output.Rank == 2)
        {
            at.Finish(result);
            return;
        }

        long[] sizes = Lifting.SizesOf(at.Output);
        if (sizes.Count(d => d < 0) > 1) throw at.Refusal("several open sizes");
        at.Finish(at.Add("Reshape", [at.Values.Rounded(result, at.Output), at.Longs(sizes)]));
    }

    /// <summary>BATCH_MATMUL.</summary>
    public static void BatchMatMul(Lifting at)
    {
        BatchMatMulOptions options = BatchMatMulOptions.Read(at.Options);
        at.Finish(at.AddLayer("MatMul", [Side(0, options.TransposeX), Side(1, options.TransposeY)]));

        Value Side(int index, bool isTransposed)
        {
            FileTensor tensor = at.Input(index);
            if (tensor.Rank < 2) throw at.Refusal($"a matrix {new Shape(tensor.Shape)}");
            if (!isTransposed) return at.Last(index);
            int[] order = [.. Enumerable.Range(0, tensor.Rank - 2), tensor.Rank - 1, tensor.Rank - 2];
            return at.Values.Constant(tensor) is not null ? at.Values.ConstantValue(tensor, null, order)
                : at.Values.Rounded(at.Add("Transpose", [at.Last(index)], ("perm", order.Select(i => (long)i).ToArray())), tensor);
        }
    }

    private static Tensor Weights(Lifting at, int index)
    {
        Tensor weights = at.Constant(index, "weights");
        return weights.Rank == 4 ? weights : throw at.Refusal($"filters {weights.Shape}");
    }

    private static Value Weight(Lifting at, int index, int[] order) => at.Values.ConstantValue(at.Input(index), null, order);

    /// <summary>The bias; where the file has integers without a scale, they are sums of products.</summary>
    private static Value? Bias(Lifting at, int index, int weight, int input = 0)
    {
        if (!at.Has(index)) return null;
        FileTensor bias = at.Input(index), x = at.Input(input), w = at.Input(weight);
        if (at.Values.Constant(bias) is not { } stored) return at.Last(index);
        if (bias.Type != TensorType.Int32 && bias.Type != TensorType.Int64) return at.Last(index);
        if (x.Quantization is not { Count: 1 } steps || w.Quantization is not { } grid)
            throw at.Refusal("an integer bias without quantized operands");
        // Not the scale that the file states: readers take this one.
        float[] scales = [.. grid.Scales().Select(s => s * steps.Scale(0))];
        if (scales.Length != 1 && scales.Length != stored.Count) throw at.Refusal($"{scales.Length} scales for {stored.Count} filters");
        Tensor sums = Casting.To(stored, ElementType.Int32);
        Tensor scale = scales.Length == 1 ? Tensor.Scalar(scales[0]) : Tensor.Vector<float>(scales);
        return at.Add("DequantizeLinear", [at.Constant(sums), at.Constant(scale)], ("axis", 0L));
    }

    private static (long Before, long Behind, long Added) Pads(int input, int kernel, int stride, int output)
    {
        long total = ((long)stride * (input - 1)) + kernel - output;
        long before = Math.Max(0, total) / 2;
        return (before, Math.Max(0, total) - before, Math.Max(0, -total));
    }

    private static string AutoPad(Lifting at, Padding padding) => padding switch
    {
        Padding.Same => "SAME_UPPER",
        Padding.Valid => "VALID",
        _ => throw at.Refusal($"padding {padding}"),
    };

    private static long[] Pair(int height, int width) => [height, width];
}
