using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>
/// ONNX Runtime's causal attention of language models: [batch, length, heads · size], or all three in a row, with fewer heads of keys and
/// values, and those of before as [batch, heads, length, size]. Samples of a batch are equally long: keys and values lie behind those of
/// before, which the outputs 1 and 2 have too. The counts of inputs 5 and 6 are not read, which several samples behind a past are told.
/// </summary>
internal sealed class GroupQueryAttention() : NodeRewrite("GroupQueryAttention", new Arity(1, 11, 3))
{
    private const int Past = 3;
    private const int Lengths = 5;
    private const int Cosines = 7;
    private const int Positions = 9;
    private const int Bias = 10;

    protected override void Rewrite(Rewriting at)
    {
        if (at.Node.Int("smooth_softmax", 0) > 0) throw at.Refusal("a smooth softmax");
        foreach (string name in (string[])["k_quant_type", "v_quant_type"])
            if (at.Node.String(name, "NONE") != "NONE") throw at.Refusal("keys or values of integers");
        long heads = at.Node.Int("num_heads", 0), own = at.Node.Int("kv_num_heads", 0);
        if (heads <= 0 || own <= 0 || heads % own != 0) throw at.Refusal($"{heads} heads by {own}");
        long width = AttentionParts.SizeOf(at.Input(0), 2), size = width / (at.InputOrNull(1) is null ? heads + (2 * own) : heads);
        if (size <= 0) throw at.Refusal("a size of heads that the file does not say");
        (Value q, Value k, Value v) = Projected(at, heads, own, size);
        AttentionLength queries = AttentionLength.Of(at, at.Input(0), 1);
        AttentionLength past = at.InputOrNull(Past) is { } before ? AttentionLength.Of(at, before, 2) : AttentionLength.Zero;
        if (at.InputOrNull(Past) is not null && at.InputOrNull(Lengths) is { } lengths && at.Input(0).Shape is not [{ Size: 1 }, ..])
            at.Remark(GraphDiagnostics.EqualLengths.At(null, at.Node.Label, lengths.Name));
        if (at.Node.Int("do_rotary", 0) != 0) (q, k) = Turned(at, q, k, queries, past, size);
        (k, v) = (Joined(at, 0, k), Joined(at, 1, v));
        (k, v) = (AttentionParts.Repeat(at, k, heads, own), AttentionParts.Repeat(at, v, heads, own));
        Value scores = AttentionParts.Capped(
            at, AttentionParts.Scores(at, q, k, FusedAttentionMask.Scale(at), size), at.Input(0));
        AttentionLength keys = queries.Plus(at, past);
        scores = AttentionParts.Keep(at, AttentionParts.Causal(at, queries, keys, past), scores, at.Input(0));
        long window = at.Node.Int("local_window_size", -1);
        if (window > 0) scores = AttentionParts.Keep(at, Near(at, queries, keys, past, window), scores, at.Input(0));
        if (at.InputOrNull(Bias) is { } bias) scores = at.Add("Add", [scores, bias]);
        FusedAttentionMask.Finish(at, scores, v, isNamed: false);
    }

    /// <summary>Queries, keys and values as [batch, heads, length, size].</summary>
    private static (Value Q, Value K, Value V) Projected(Rewriting at, long heads, long own, long size)
    {
        Value[] flat = at.InputOrNull(1) is { } key ? [at.Input(0), key, at.Input(2)]
            : AttentionParts.Parts(at, at.Input(0), 2, heads * size, own * size, own * size);
        return (AttentionParts.Split(at, flat[0], heads), AttentionParts.Split(at, flat[1], own), AttentionParts.Split(at, flat[2], own));
    }

    /// <summary>Queries and keys, turned by the angles of their positions.</summary>
    private static (Value Q, Value K) Turned(
        Rewriting at, Value q, Value k, AttentionLength queries, AttentionLength past, long size)
    {
        bool alternates = at.Node.Int("rotary_interleaved", 0) != 0;
        long turned = 2 * AttentionParts.SizeOf(at.Input(Cosines), -1);
        if (turned <= 0 || turned > size) throw at.Refusal($"angles of shape {at.Input(Cosines).Shape} for heads of {size}");
        bool isGiven = at.InputOrNull(Positions) is not null;
        Value positions = at.InputOrNull(Positions)
            ?? (past.Known == 0 ? queries.Places(at) : at.Add("Add", [queries.Places(at), past.Scalar(at)]));
        Value[] tables = [.. Enumerable.Range(Cosines, 2).Select(i => Angles(at, at.Input(i), positions, isGiven))];
        return (Turn(q), Turn(k));

        Value Turn(Value x)
        {
            Value[] parts = turned == size ? [x] : AttentionParts.Parts(at, x, 3, turned, size - turned);
            Value y = RotaryEmbedding.Turned(at, parts[0], tables[0], tables[1], turned, 0, alternates);
            return turned == size ? y : at.Add("Concat", [y, parts[1]], ("axis", -1L));
        }
    }

    // An axis for heads stands before the positions.
    private static Value Angles(Rewriting at, Value table, Value positions, bool isGiven)
    {
        Value angles = at.Add("Gather", [table, positions], ("axis", 0L));
        return isGiven ? at.Add("Unsqueeze", [angles, at.Longs(1)]) : angles;
    }

    /// <summary>Keys or values with those of before: an output, too.</summary>
    private static Value Joined(Rewriting at, int which, Value own)
    {
        Value all = at.InputOrNull(Past + which) is { } past ? at.Add("Concat", [past, own], ("axis", 2L)) : own;
        if (at.Reads(1 + which)) at.Make(1 + which, "Identity", [all]);
        return all;
    }

    /// <summary>Whether a key is one of the last that a query looks at.</summary>
    private static Value Near(Rewriting at, AttentionLength queries, AttentionLength keys, AttentionLength past, long window)
    {
        AttentionLength first = past.Minus(at, new AttentionLength(window - 1, null));
        Value own = at.Add("Add", [queries.Places(at), first.Scalar(at)]);
        return at.Add("GreaterOrEqual", [keys.Places(at), at.Add("Unsqueeze", [own, at.Longs(1)])]);
    }
}
