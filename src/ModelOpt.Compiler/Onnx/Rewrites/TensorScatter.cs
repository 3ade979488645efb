using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>
/// A cache into which an update is written, from the place on that input 2 says of each sample, along an axis; a circular cache goes on at
/// its beginning.
/// </summary>
internal sealed class TensorScatter() : NodeRewrite("TensorScatter", new Arity(2, 3))
{
    public override string Domain => "";

    public override int Since => 24;

    protected override void Rewrite(Rewriting at)
    {
        string mode = at.Node.String("mode", "linear");
        if (mode is not ("linear" or "circular")) throw at.Invalid("mode", $"is '{mode}'");
        int rank = at.RankOf(at.Input(0)), axis = (int)at.Node.Int("axis", -2);
        if (axis < 0) axis += rank;
        if (axis < 1 || axis >= rank) throw at.Invalid("axis", $"is {axis} of {rank} dimensions");
        AttentionLength places = AttentionLength.Of(at, at.Input(0), axis), written = AttentionLength.Of(at, at.Input(1), axis);
        Value distance = places.Places(at);
        if (at.InputOrNull(2) is { } start) distance = at.Add("Sub", [distance, at.Add("Reshape", [start, at.Longs(-1, 1)])]);
        else distance = at.Add("Expand", [at.Add("Unsqueeze", [distance, at.Longs(0)]), Batch(at)]);
        if (mode == "circular") distance = at.Add("Mod", [distance, places.Scalar(at)]);
        Value zero = at.Constant(Tensor.Scalar(0L)), last = written.Minus(at, new AttentionLength(1, null)).Scalar(at);
        Value isWritten = at.Add(
            "And", [at.Add("GreaterOrEqual", [distance, zero]), at.Add("LessOrEqual", [distance, last])]);
        Value from = at.Add("Min", [at.Add("Max", [distance, zero]), last]);
        long[] order = [0, axis, .. Enumerable.Range(1, rank - 1).Where(a => a != axis).Select(a => (long)a)];
        Value update = Moved(at, at.Input(1), order);
        Value picked = at.Add("GatherND", [update, at.Add("Unsqueeze", [from, at.Longs(2)])], ("batch_dims", 1L));
        long[] others = [.. Enumerable.Range(2, rank - 2).Select(a => (long)a)];
        if (others.Length > 0) isWritten = at.Add("Unsqueeze", [isWritten, at.Longs(others)]);
        Value?[] chosen = [isWritten, picked, Moved(at, at.Input(0), order)];
        if (axis == 1) at.Finish("Where", chosen);
        else
        {
            long[] back = [.. Enumerable.Range(0, rank).Select(a => (long)Array.IndexOf(order, a))];
            at.Finish("Transpose", [at.Add("Where", chosen)], ("perm", back));
        }
    }

    private static Value Batch(Rewriting at) =>
        at.Add("Concat", [at.Add("Shape", [at.Input(0)], ("start", 0L), ("end", 1L)), at.Longs(1)], ("axis", 0L));

    private static Value Moved(Rewriting at, Value x, long[] order) =>
        order[1] == 1 ? x : at.Add("Transpose", [x], ("perm", order));
}
