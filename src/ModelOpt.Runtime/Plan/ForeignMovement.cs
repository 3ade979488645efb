using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Plan;

/// <summary>Operators that move elements, by others that do.</summary>
internal static class ForeignMovement
{
    /// <summary>MIRROR_PAD: along each axis, the positions that a mirror shows, with the edge (SYMMETRIC) or without.</summary>
    public static void MirrorPad(Expansion at)
    {
        Tensor x = at.Input(0);
        int[] pads = at.Input(1).ConstantInts(2 * Tensor.MaxRank);
        at.Node.Require(pads.Length == 2 * x.Rank, "padding must have shape [rank, 2]");
        int edge = at.Node.Options.Byte(0) == 0 ? 1 : 0;
        int[] shape = [.. x.Shape];
        List<int> axes = [.. Enumerable.Range(0, x.Rank).Where(i => pads[2 * i] != 0 || pads[(2 * i) + 1] != 0)];
        if (axes.Count == 0) at.Add(BuiltinOperator.Reshape, [x, at.Ints(shape)], at.Output);
        foreach (int axis in axes)
        {
            int size = x.Shape[axis], before = pads[2 * axis], behind = pads[(2 * axis) + 1];
            at.Node.Require(
                before >= 0 && behind >= 0 && Math.Max(before, behind) <= size - edge,
                $"the padding of axis {axis} is wider than the mirror");
            int[] positions = [.. Enumerable.Range(-before, before + size + behind)
                .Select(i => i < 0 ? -i - 1 + edge : i >= size ? (2 * size) - 1 - i - edge : i)];
            shape[axis] = positions.Length;
            Tensor result = axis == axes[^1] ? at.Output : at.Temporary(x.Type, [.. shape], x.Quantization);
            at.Add(BuiltinOperator.Gather, [x, at.Ints(positions)], result, new GatherOptions(axis));
            x = result;
        }
    }

    /// <summary>REVERSE_V2.</summary>
    public static void Reverse(Expansion at)
    {
        Tensor x = at.Input(0);
        int[] axes = [.. at.Input(1).ConstantInts().Select(a => a < 0 ? a + x.Rank : a)];
        at.Node.Require(axes.Length > 0 && Array.TrueForAll(axes, a => (uint)a < (uint)x.Rank), "it names an axis that there is not");
        foreach (int axis in axes)
        {
            int[] positions = [.. Enumerable.Range(0, x.Shape[axis]).Reverse()];
            Tensor result = axis == axes[^1] ? at.Output : at.Temporary(x.Type, x.Shape, x.Quantization);
            at.Add(BuiltinOperator.Gather, [x, at.Ints(positions)], result, new GatherOptions(axis));
            x = result;
        }
    }

    /// <summary>EMBEDDING_LOOKUP: positions come first.</summary>
    public static void EmbeddingLookup(Expansion at)
    {
        if (at.Output.Type != at.Input(1).Type) throw at.Node.UnsupportedTypes();
        at.Add(BuiltinOperator.Gather, [at.Input(1), at.Input(0)], at.Output, new GatherOptions(0));
    }

    /// <summary>GATHER_ND: tuples of positions become positions among all slices.</summary>
    public static void GatherTuples(Expansion at)
    {
        Tensor x = at.Input(0), tuples = at.Input(1);
        int length = tuples.Rank == 0 ? 0 : tuples.Shape[^1];
        at.Node.Require(
            length > 0 && length <= x.Rank && tuples.Type is TensorType.Int32 or TensorType.Int64 && x.Elements > 0,
            "its positions do not fit its input");
        if (tuples.Type == TensorType.Int64)
        {
            Tensor narrow = at.Temporary(TensorType.Int32, tuples.Shape);
            at.Add(BuiltinOperator.Cast, [tuples], narrow, new CastOptions(TensorType.Int64, TensorType.Int32));
            tuples = narrow;
        }

        int[] strides = new int[length];
        int slices = 1;
        for (int i = length - 1; i >= 0; i--) (strides[i], slices) = (slices, slices * x.Shape[i]);
        Tensor products = at.Temporary(TensorType.Int32, tuples.Shape), positions = at.Temporary(TensorType.Int32, tuples.Shape[..^1]);
        at.Add(BuiltinOperator.Mul, [tuples, at.Ints(strides)], products, new ArithmeticOptions(BuiltinOptionsType.Mul, default));
        at.Add(BuiltinOperator.Sum, [products, at.Ints(tuples.Rank - 1)], positions, new ReducerOptions(false));
        at.Add(
            BuiltinOperator.Gather, [at.Reshaped(x, [slices, .. x.Shape[length..]]), positions], at.Output, new GatherOptions(0));
    }

    /// <summary>ZEROS_LIKE.</summary>
    public static void ZerosLike(Expansion at)
    {
        Tensor x = at.Input(0), sizes = at.Temporary(TensorType.Int32, [x.Rank]);
        at.Add(BuiltinOperator.Shape, [x], sizes, new ShapeOptions(TensorType.Int32));
        Tensor zero = at.Constant<byte>(x.Type, [], new byte[x.Type.Size()], x.Quantization);
        at.Add(BuiltinOperator.Fill, [sizes, zero], at.Output);
    }

    /// <summary>SPACE_TO_BATCH_ND of images.</summary>
    public static void SpaceToBatch(Expansion at)
    {
        (int rows, int columns, int[] pads) = Blocks(at);
        Tensor x = at.Padded(at.Input(0), 0, 0, pads[0], pads[1], pads[2], pads[3], 0, 0), y = at.Output;
        int[] s = x.Shape;
        x = at.Reshaped(x, s[0], s[1] / rows, rows, s[2] / columns, columns, s[3]);
        int[] shape = [checked(s[0] * rows * columns), s[1] / rows, s[2] / columns, s[3]];
        at.Add(BuiltinOperator.Reshape, [at.Transposed(x, 2, 4, 0, 1, 3, 5), at.Ints(shape)], y);
    }

    /// <summary>BATCH_TO_SPACE_ND of images.</summary>
    public static void BatchToSpace(Expansion at)
    {
        (int rows, int columns, int[] crops) = Blocks(at);
        Tensor x = at.Input(0);
        int[] s = x.Shape;
        int batch = s[0] / rows / columns;
        x = at.Transposed(at.Reshaped(x, rows, columns, batch, s[1], s[2], s[3]), 2, 3, 0, 4, 1, 5);
        int height = checked(s[1] * rows), width = checked(s[2] * columns);
        Tensor whole = at.Reshaped(x, batch, height, width, s[3]);
        int[] sizes = [batch, height - crops[0] - crops[1], width - crops[2] - crops[3], s[3]];
        at.Add(BuiltinOperator.Slice, [whole, at.Ints(0, crops[0], crops[2], 0), at.Ints(sizes)], at.Output);
    }

    private static (int Rows, int Columns, int[] Pads) Blocks(Expansion at)
    {
        int[] blocks = at.Input(1).ConstantInts(), pads = at.Input(2).ConstantInts();
        at.Node.Require(
            at.Input(0).Rank == 4 && blocks.Length == 2 && pads.Length == 4
                && Array.TrueForAll(blocks, b => b > 0) && Array.TrueForAll(pads, p => p >= 0),
            "only images are supported");
        return (blocks[0], blocks[1], pads);
    }
}
