using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>
/// X cut or padded with zeros to the sizes that input 1 says, in the middle: of all axes or those of attribute <c>axes</c>. Of an odd
/// difference, the back takes one more.
/// </summary>
internal sealed class CenterCropPad() : NodeRewrite("CenterCropPad", new Arity(2, 2))
{
    public override string Domain => "";

    public override int Since => 18;

    protected override void Rewrite(Rewriting at)
    {
        Value x = at.Input(0);
        int rank = at.RankOf(x);
        int[] axes = at.Node.Ints("axes") is { } named ? at.Node.Axes(named, rank) : [.. Enumerable.Range(0, rank)];
        long[] targets = at.KnownInts(1, "shape");
        if (targets.Length != axes.Length || targets.Any(t => t < 0))
            throw at.Refusal($"{targets.Length} sizes [{string.Join(", ", targets)}] for {axes.Length} axes");
        long[] cuts = new long[axes.Length], before = new long[axes.Length], behind = new long[axes.Length];
        for (int i = 0; i < axes.Length; i++)
        {
            Dim size = x.Shape![axes[i]];
            if (!size.IsKnown) throw at.Refusal($"axis {axes[i]} has a size that is open; InputShape fixes it");
            cuts[i] = Math.Max(0, size.Size - targets[i]) / 2;
            long missing = Math.Max(0, targets[i] - size.Size);
            (before[i], behind[i]) = (missing / 2, missing - (missing / 2));
        }

        long[] ends = [.. cuts.Zip(targets, (cut, target) => cut + target)];
        Value indices = at.Longs([.. axes.Select(a => (long)a)]), cropped = at.Add("Slice", [x, at.Longs(cuts), at.Longs(ends), indices]);
        at.Finish("Pad", [cropped, at.Longs([.. before, .. behind]), null, indices]);
    }
}
