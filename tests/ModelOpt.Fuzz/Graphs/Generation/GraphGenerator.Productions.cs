namespace ModelOpt.Fuzz.Graphs.Generation;

/// <content>What can be put on a value, by its rank.</content>
internal sealed partial class GraphGenerator
{
    private static readonly Production[] Productions =
    [
        new(10, IsImage, (g, x) => g.ConvBlock(x)),
        new(5, IsImage, (g, x) => g.DepthwiseSeparable(x)),
        new(3, IsImage, (g, x) => g.GroupedConv(x)),
        new(4, IsImage, (g, x) => g.Residual(x)),
        new(3, IsImage, (g, x) => g.SqueezeExcite(x)),
        new(3, IsImage, (g, x) => g.Branches(x)),
        new(3, x => x.Rank >= 2 && x.Dims[1] > 1, (g, x) => g.SplitAndJoin(x)),
        new(2, x => x.Rank >= 2 && x.Dims[1] > 1, (g, x) => g.SliceOf(x)),
        new(2, x => IsImage(x) && x.Dims[1] % 2 == 0, (g, x) => g.ChannelShuffle(x)),
        new(2, IsImage, (g, x) => g.SharedWeights(x)),
        new(2, IsImage, (g, x) => g.SharedBias(x)),
        new(3, IsPlane, (g, x) => g.Pool(x)),
        new(2, IsImage, (g, x) => g.GlobalPool(x)),
        new(2, IsImage, (g, x) => g.Resize(x)),
        new(2, IsImage, (g, x) => g.Blocks(x)),
        new(1, x => x.Rank >= 3, (g, x) => g.Tile(x)),
        new(1, IsImage, (g, x) => g.ConvTranspose(x)),
        new(2, IsImage, (g, x) => g.BatchNorm(x)),
        new(2, IsImage, (g, x) => g.PRelu(x)),
        new(2, x => x.Rank == 4, (g, x) => g.ToSequence(x)),
        new(3, x => x.Rank is 3 or 4, (g, x) => g.Flatten(x)),
        new(2, x => x.Rank >= 2, (g, x) => g.Pad(x)),
        new(2, x => x.Rank >= 3, (g, x) => g.TransposeAround(x)),
        new(6, x => x.Rank == 2, (g, x) => g.Dense(x)),
        new(2, x => x.Rank == 2 && x.Dims[1] % 4 == 0, (g, x) => g.ReshapeTo(x, x.Dims[0], x.Dims[1] / 4, 2, 2)),
        new(1, x => x.Rank == 2 && x.Dims[1] % 4 == 0, (g, x) => g.ReshapeTo(x, x.Dims[0], 4, x.Dims[1] / 4)),
        new(5, x => x.Rank == 3, (g, x) => g.Project(x)),
        new(4, x => x.Rank == 3, (g, x) => g.Attention(x)),
        new(3, x => x.Rank == 3, (g, x) => g.Conv1D(x)),
        new(3, x => x.Rank is 2 or 3, (g, x) => g.LayerNorm(x), Opset: 17),
        new(2, x => x.Rank >= 2, (g, x) => g.Softmax(x)),
        new(2, x => x.Rank >= 2, (g, x) => g.Reduce(x)),
        new(2, x => x.Rank >= 2 && x.Dims[1] > 1, (g, x) => g.GatherOf(x)),
        new(2, x => x.Rank is >= 2 and < 5, (g, x) => g.UnsqueezeAndBack(x)),
        new(8, _ => true, (g, x) => g.Activation(x)),
        new(5, _ => true, (g, x) => g.Binary(x)),
        new(3, _ => true, (g, x) => g.WithConstant(x)),
        new(1, _ => true, (g, x) => g.Quotient(x)),
        new(1, x => x.Rank >= 2, (g, x) => g.ShapeArithmetic(x)),
        new(1, x => x.Rank >= 2, (g, x) => g.FilledAndExpanded(x)),
        new(1, _ => true, (g, x) => g.Trivial(x)),
        new(2, _ => true, (g, x) => g.Function(x)),
        new(2, _ => true, (g, x) => g.BoundedFunction(x)),
        new(1, _ => true, (g, x) => g.Step(x)),
        new(2, x => x.Rank >= 2 && x.Dims[1] > 1, (g, x) => g.Normalized(x)),
        new(2, IsPlane, (g, x) => g.GroupNorm(x), Opset: 21),
        new(1, x => x.Rank >= 2, (g, x) => g.ReduceFunction(x)),
        new(1, x => x.Rank >= 2, (g, x) => g.Sums(x)),
        new(2, _ => true, (g, x) => g.Choice(x)),
        new(2, x => x.Rank >= 2, (g, x) => g.Whole(x)),
        new(2, x => x.Rank >= 2, (g, x) => g.Extremes(x)),
        new(2, x => x.Rank >= 2, (g, x) => g.Indexed(x)),
    ];

    private static bool IsImage(Edge x) => x.Rank == 4;

    private static bool IsPlane(Edge x) => x.Rank == 4 && x.Dims[2] > 2 && x.Dims[3] > 2;
}
