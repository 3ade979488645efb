using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>The first elements of each sequence of a batch in reverse, as many as input 1 says of it.</summary>
internal sealed class ReverseSequence() : NodeRewrite("ReverseSequence", new Arity(2, 2))
{
    public override string Domain => "";

    public override int Since => 10;

    protected override void Rewrite(Rewriting at)
    {
        Value x = at.Input(0);
        int rank = at.RankOf(x), time = (int)at.Node.Int("time_axis", 0), batch = (int)at.Node.Int("batch_axis", 1);
        if (time + batch != 1 || time * batch != 0) throw at.Invalid("time_axis", $"is {time} beside a batch_axis of {batch}");
        int steps = AttentionParts.Length(at, x, time, "sequences");
        long[] alongTime = [.. Enumerable.Range(0, rank).Select(a => a == time ? (long)steps : 1)];
        long[] alongBatch = [.. Enumerable.Range(0, rank).Select(a => a == batch ? -1L : 1)];
        Tensor numbers = Tensor.Vector<long>([.. Enumerable.Range(0, steps).Select(i => (long)i)]);
        Value places = at.Constant(numbers.Reshape(Array.ConvertAll(alongTime, d => (int)d)));
        Value lengths = at.Add("Reshape", [at.Input(1), at.Longs(alongBatch)]);
        Value back = at.Add("Sub", [at.Add("Sub", [lengths, at.Constant(Tensor.Scalar(1L))]), places]);
        Value own = at.Add("Where", [at.Add("Less", [places, lengths]), back, places]);
        Value all = at.Add("Expand", [own, at.Add("Shape", [x])]);
        at.Finish("GatherElements", [x, all], ("axis", (long)time));
    }
}
