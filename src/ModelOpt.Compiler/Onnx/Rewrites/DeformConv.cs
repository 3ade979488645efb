using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>
/// A convolution of images whose taps are moved by offsets: X, W, offsets [N, groups · taps · (down, right), H', W'], a bias, and factors
/// of the taps [N, groups · taps, H', W']. It samples X at all taps, and convolves what it found with windows of one element.
/// </summary>
internal sealed class DeformConv() : NodeRewrite("DeformConv", new Arity(3, 5))
{
    public override string Domain => "";

    public override int Since => 19;

    protected override void Rewrite(Rewriting at)
    {
        Value x = at.Input(0), weights = at.Input(1);
        if (at.RankOf(x) != 4) throw at.Refusal($"data of {at.RankOf(x)} dimensions");
        if (weights.Constant is not { Rank: 4 } kernel) throw at.Refusal("weights that are computed");
        int channels = AttentionParts.Length(at, x, 1, "channels");
        int high = AttentionParts.Length(at, x, 2, "images"), wide = AttentionParts.Length(at, x, 3, "images");
        long groups = at.Node.Int("offset_group", 1);
        if (groups < 1 || channels % groups != 0) throw at.Invalid("offset_group", $"is {groups} for {channels} channels");
        int[] taps = [kernel.Dims[2], kernel.Dims[3]];
        (float[] Down, int High, float[] Right, int Wide) places = Places(at, taps, high, wide);
        long count = taps[0] * taps[1], own = channels / groups;
        Value offsets = at.Add("Reshape", [at.Input(2), at.Longs(-1, count, 2, places.High, places.Wide)]);
        int[] dims = [1, (int)count, places.High, places.Wide];
        Value grid = at.Add("Concat", [Coordinate(1, wide, places.Right), Coordinate(0, high, places.Down)], ("axis", -1L));
        Value rows = at.Add("Reshape", [grid, at.Longs(-1, count * places.High, places.Wide, 2)]);
        Value images = groups == 1 ? x : at.Add("Reshape", [x, at.Longs(-1, own, high, wide)]);
        Value found = at.Add("GridSample", [images, rows], ("mode", "linear"), ("padding_mode", "zeros"), ("align_corners", 0L));
        if (at.InputOrNull(4) is { } factors)
        {
            Value each = at.Add("Reshape", [found, at.Longs(-1, own, count, places.High, places.Wide)]);
            Value factor = at.Add("Reshape", [factors, at.Longs(-1, 1, count, places.High, places.Wide)]);
            found = at.Add("Mul", [each, factor]);
        }

        Value columns = at.Add("Reshape", [found, at.Longs(-1, channels * count, places.High, places.Wide)]);
        Tensor flat = kernel.Reshape([kernel.Dims[0], kernel.Dims[1] * (int)count, 1, 1]);
        at.Finish("Conv", [columns, at.Constant(flat), at.InputOrNull(3)], ("group", at.Node.Int("group", 1)));

        // A grid counts from −1 at the border before the first element to 1 behind the last.
        Value Coordinate(int which, int size, float[] places)
        {
            Value moved = AttentionParts.Pick(at, offsets, 2, which);
            Value scaled = at.Add("Mul", [moved, at.ConstantLike(Tensor.Scalar(2f / size), x)]);
            float[] still = Array.ConvertAll(places, p => (((2 * p) + 1) / size) - 1);
            Value sum = at.Add("Add", [scaled, at.ConstantLike(Tensor.Of<float>(dims, still), x)]);
            return at.Add("Unsqueeze", [sum, at.Longs(-1)]);
        }
    }

    /// <summary>Where taps lie that are not moved, for each tap and each element of the result.</summary>
    private static (float[] Down, int High, float[] Right, int Wide) Places(Rewriting at, int[] taps, int high, int wide)
    {
        long[] strides = at.Each("strides", 2, 1), dilations = at.Each("dilations", 2, 1), pads = at.Each("pads", 4, 0);
        int rows = Count(high, 0), columns = Count(wide, 1);
        int count = taps[0] * taps[1] * rows * columns;
        float[] down = new float[count], right = new float[count];
        for (int i = 0; i < count; i++)
        {
            int column = i % columns, row = i / columns % rows, tap = i / columns / rows;
            down[i] = (row * strides[0]) - pads[0] + (tap / taps[1] * dilations[0]);
            right[i] = (column * strides[1]) - pads[1] + (tap % taps[1] * dilations[1]);
        }

        return (down, rows, right, columns);

        int Count(int size, int axis)
        {
            long room = size + pads[axis] + pads[axis + 2] - (dilations[axis] * (taps[axis] - 1)) - 1;
            return room < 0 ? throw at.Refusal("windows larger than the images") : (int)(room / strides[axis]) + 1;
        }
    }
}
