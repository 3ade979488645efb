using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>
/// The products of the first elements along an axis, with or without the last of them. Products of 1, 2, 4… elements are multiplied with
/// those that lie as many before.
/// </summary>
internal sealed class CumProd() : NodeRewrite("CumProd", new Arity(2, 2))
{
    public override string Domain => "";

    public override int Since => 26;

    protected override void Rewrite(Rewriting at)
    {
        Value x = at.Input(0);
        int rank = at.RankOf(x);
        if (at.KnownInts(1, "axis") is not [var given] || given < -rank || given >= rank) throw at.Refusal("an axis that there is not");
        int axis = (int)(given < 0 ? given + rank : given), length = AttentionParts.Length(at, x, axis, "products");
        bool isReverse = at.Node.Int("reverse", 0) != 0;
        Value y = at.Node.Int("exclusive", 0) != 0 ? Moved(x, 1) : x;
        for (int step = 1; step < length; step *= 2) y = at.Add("Mul", [y, Moved(y, step)]);
        at.Finish("Identity", [y]);

        // Elements some places on, with ones where none come from.
        Value Moved(Value value, int places)
        {
            places = Math.Min(places, length);
            long[] pads = new long[2 * rank];
            pads[isReverse ? rank + axis : axis] = places;
            pads[isReverse ? axis : rank + axis] = -places;
            return at.Add("Pad", [value, at.Longs(pads), at.ConstantLike(Tensor.Scalar(1f), x)]);
        }
    }
}
