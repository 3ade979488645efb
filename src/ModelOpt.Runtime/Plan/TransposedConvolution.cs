using System.Buffers.Binary;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// TRANSPOSE_CONV, and MediaPipe's of the same with a bias, as a CONV_2D: zeros are put between the elements of the input and around
/// them, and the filters are turned round. Integers give the same sums so.
/// </summary>
internal static class TransposedConvolution
{
    /// <summary>TRANSPOSE_CONV: sizes, filters [O, H, W, I], input, bias.</summary>
    public static void Expand(Expansion at)
    {
        TransposeConvOptions options = TransposeConvOptions.Read(at.Node.Options);
        // Where the sizes are computed, the file's are checked against those that the filters give.
        if (at.Input(0).IsConstant)
            at.Node.Require(
                at.Input(0).ConstantInts().AsSpan().SequenceEqual(at.Output.Shape), "the output has other sizes than input 0 says");
        Expand(at, at.Input(2), at.Input(1), at.Node.OptionalInput(3), options);
    }

    /// <summary>Convolution2DTransposeBias: input, filters [O, H, W, I], bias; padding and strides are three int32.</summary>
    public static void ExpandBiased(Expansion at)
    {
        Expand(at, at.Input(0), at.Input(1), at.Node.OptionalInput(2), OptionsOf(at.Node));
    }

    /// <summary>The options of a Convolution2DTransposeBias.</summary>
    /// <exception cref="InvalidModelException">They are damaged.</exception>
    public static TransposeConvOptions OptionsOf(Node node)
    {
        ReadOnlySpan<byte> bytes = node.CustomOptions.Span;
        node.Require(bytes.Length >= 3 * sizeof(int), "its options are damaged");
        // MediaPipe counts paddings from 1.
        Padding padding = BinaryPrimitives.ReadInt32LittleEndian(bytes) == 1 ? Padding.Same : Padding.Valid;
        int width = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]), height = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        return new TransposeConvOptions(padding, width, height);
    }

    private static void Expand(Expansion at, Tensor x, Tensor filters, Tensor? bias, TransposeConvOptions options)
    {
        Tensor y = at.Output;
        at.Node.Require(
            x.Rank == 4 && filters.Rank == 4 && y.Rank == 4 && x.Shape[0] == y.Shape[0]
                && filters.Shape[0] == y.Shape[3] && filters.Shape[3] == x.Shape[3] && x.Elements > 0 && filters.Elements > 0,
            "only images and filters that fit them are supported");
        at.Node.Require(
            options.StrideHeight is > 0 and < 1024 && options.StrideWidth is > 0 and < 1024 && options.Padding <= Padding.Valid,
            "its strides or padding are none");
        if (x.Type == TensorType.Int8) at.Node.Require(filters.Type == TensorType.Int8, "filters must be int8");
        else if (x.Type != TensorType.Float32) throw at.Node.UnsupportedTypes();
        else if (filters.Type == TensorType.Int8)
        {
            Tensor floats = at.Temporary(TensorType.Float32, filters.Shape);
            at.Add(BuiltinOperator.Dequantize, [filters], floats);
            filters = floats;
        }

        (int top, int bottom) = Around(at, x.Shape[1], filters.Shape[1], options.StrideHeight, y.Shape[1]);
        (int left, int right) = Around(at, x.Shape[2], filters.Shape[2], options.StrideWidth, y.Shape[2]);
        Tensor spread = Spread(at, x, options.StrideHeight, options.StrideWidth);
        if (bottom < 0 || right < 0)
        {
            int[] kept = [x.Shape[0], spread.Shape[1] + Math.Min(0, bottom), spread.Shape[2] + Math.Min(0, right), x.Shape[3]];
            Tensor cut = at.Temporary(x.Type, kept, x.Quantization);
            at.Sliced(spread, [0, 0, 0, 0], cut);
            spread = cut;
        }

        spread = at.Padded(spread, 0, 0, top, Math.Max(0, bottom), left, Math.Max(0, right), 0, 0);
        at.Add(
            BuiltinOperator.Conv2D, [spread, Turned(at, filters), bias ?? NoBias(at, x, filters)], y,
            new Conv2DOptions(Padding.Valid, 1, 1, options.Activation));
    }

    /// <summary>Zeros around the input whose elements lie a stride apart; negative where some of those behind the last go.</summary>
    private static (int Before, int Behind) Around(Expansion at, int size, int kernel, int stride, int result)
    {
        int cut = Math.Max(0, ((size - 1) * stride) + kernel - result) / 2, before = kernel - 1 - cut;
        int behind = result + kernel - 1 - (size * stride) - before;
        at.Node.Require(before >= 0 && behind > -(size * stride), "its sizes do not fit its filters");
        return (before, behind);
    }

    /// <summary>The input with zeros behind each row and each column.</summary>
    private static Tensor Spread(Expansion at, Tensor x, int height, int width)
    {
        if (height == 1 && width == 1) return x;
        int[] s = x.Shape;
        Tensor cells = at.Reshaped(x, s[0] * s[1], 1, s[2], 1, s[3]);
        cells = at.Padded(cells, 0, 0, 0, height - 1, 0, 0, 0, width - 1, 0, 0);
        return at.Reshaped(cells, s[0], s[1] * height, s[2] * width, s[3]);
    }

    /// <summary>The filters from their last row and column to the first.</summary>
    private static Tensor Turned(Expansion at, Tensor filters)
    {
        foreach (int axis in (int[])[1, 2])
        {
            int[] positions = [.. Enumerable.Range(0, filters.Shape[axis]).Reverse()];
            Tensor turned = at.Temporary(filters.Type, filters.Shape, filters.Quantization);
            at.Add(BuiltinOperator.Gather, [filters, at.Ints(positions)], turned, new GatherOptions(axis));
            filters = turned;
        }

        return filters;
    }

    private static Tensor NoBias(Expansion at, Tensor x, Tensor filters) =>
        at.Constant<int>(x.Type == TensorType.Int8 ? TensorType.Int32 : TensorType.Float32, [filters.Shape[0]], new int[filters.Shape[0]]);
}
