using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>
/// Columns [N, C · K, L], each a block of K elements, added up into images [N, C, …] of the sizes of input 1; input 2 has the sizes of a
/// block. That is a transposed convolution whose weight k puts element k of a column where it lies in its block.
/// </summary>
internal sealed class Col2Im() : NodeRewrite("Col2Im", new Arity(3, 3))
{
    private const int MostTaps = 1 << 12;

    public override string Domain => "";

    public override int Since => 18;

    protected override void Rewrite(Rewriting at)
    {
        long[] image = at.KnownInts(1, "image_shape"), block = at.KnownInts(2, "block_shape");
        int rank = image.Length;
        if (rank is < 1 or > 3 || block.Length != rank) throw at.Refusal($"images of {rank} and blocks of {block.Length} dimensions");
        long[] strides = at.Each("strides", rank, 1), dilations = at.Each("dilations", rank, 1), pads = at.Each("pads", 2 * rank, 0);
        var counts = new long[rank];
        var rests = new long[rank];
        for (int i = 0; i < rank; i++)
        {
            if (image[i] is < 1 or > int.MaxValue || block[i] is < 1 or > MostTaps)
                throw at.Refusal($"blocks [{string.Join(", ", block)}] of images [{string.Join(", ", image)}]");
            long free = image[i] + pads[i] + pads[i + rank] - ((block[i] - 1) * dilations[i]) - 1;
            if (free < 0) throw at.Refusal($"blocks [{string.Join(", ", block)}] that are larger than the image");
            (counts[i], rests[i]) = ((free / strides[i]) + 1, free % strides[i]);
        }

        long taps = block.Aggregate(1L, (product, size) => Math.Min(product * size, MostTaps + 1));
        if (taps > MostTaps) throw at.Refusal($"blocks of more than {MostTaps} elements");
        // The images of all channels stand one behind another, as they are put together alike.
        Value columns = at.Add("Reshape", [at.Input(0), at.Longs([-1, taps, .. counts])]);
        Value images = at.AddLayer(
            "ConvTranspose", [columns, at.ConstantLike(Places((int)taps, block), at.Input(0))], ("strides", strides),
            ("dilations", dilations), ("pads", pads), ("output_padding", rests));
        at.Finish("Reshape", [images, at.Longs([.. Batch(at, taps), .. image])]);
    }

    /// <summary>Batch and channels, one of which follows from the other.</summary>
    private static long[] Batch(Rewriting at, long taps) => at.Input(0).Shape switch
    {
        [_, { IsKnown: true } rows, _] when rows.Size % taps == 0 => [-1, rows.Size / taps],
        [{ IsKnown: true } batch, _, _] => [batch.Size, -1],
        { } shape => throw at.Refusal($"columns {shape} of blocks of {taps} elements"),
        null => throw at.Refusal($"the file does not say the shape of '{at.Input(0).Name}'"),
    };

    private static Tensor Places(int taps, long[] block)
    {
        Tensor weights = Tensor.Zeros(ElementType.Float32, [taps, 1, .. block.Select(b => (int)b)]);
        for (int tap = 0; tap < taps; tap++) weights.Span<float>()[(tap * taps) + tap] = 1;
        return weights;
    }
}
