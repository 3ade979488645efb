using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>
/// Attention by a state that each step changes, S ← e^g · S + k ⊗ v, and reads, scale · qᵀ · S, of [batch, steps, heads · size]; the delta
/// rules write β · (v − Sᵀ · k) for v. Inputs behind queries, keys and values: the state of before, g, β. The state is the second output.
/// </summary>
internal sealed class LinearAttention() : NodeRewrite("LinearAttention", new Arity(3, 6, 2))
{
    private const int Past = 3;
    private const int Decay = 4;
    private const int Rate = 5;

    // Each step has nodes of its own.
    private const int MostSteps = 512;

    public override string Domain => "";

    public override int Since => 27;

    protected override void Rewrite(Rewriting at)
    {
        string rule = at.Node.String("update_rule", "gated_delta");
        if (rule is not ("linear" or "gated" or "delta" or "gated_delta")) throw at.Invalid("update_rule", $"is '{rule}'");
        bool decays = rule.StartsWith("gated", StringComparison.Ordinal), corrects = rule.EndsWith("delta", StringComparison.Ordinal);
        if (decays != at.InputOrNull(Decay) is not null || corrects != at.InputOrNull(Rate) is not null)
            throw at.Refusal($"update_rule '{rule}' with these inputs");
        long heads = at.Node.Int("q_num_heads", 0), own = at.Node.Int("kv_num_heads", 0);
        if (heads <= 0 || own <= 0 || heads % own != 0) throw at.Refusal($"{heads} heads by {own}");
        int steps = AttentionParts.Length(at, at.Input(0), 1, "linear attention by steps");
        long size = AttentionParts.SizeOf(at.Input(0), 2) / heads;
        if (steps > MostSteps || size <= 0) throw at.Refusal($"queries of shape {at.Input(0).Shape}");
        float scale = at.Node.Float("scale", 0) is var given and not 0 ? given : (float)(1 / Math.Sqrt(size));
        Value q = at.Add("Mul", [Split(at, 0, heads, isColumn: false), at.Constant(Tensor.Scalar(scale))]);
        Value rows = Split(at, 1, own, isColumn: false), columns = at.Add("Transpose", [rows], ("perm", new long[] { 0, 1, 3, 2 }));
        Value v = Split(at, 2, own, isColumn: false);
        Value? decay = decays ? at.Add("Exp", [Split(at, Decay, own, isColumn: true)]) : null;
        Value? rate = corrects ? Rates(at) : null;
        Value? state = at.InputOrNull(Past) is { } past ? Float32(at, past) : null;
        Value[] results = new Value[steps];
        for (int i = 0; i < steps; i++)
        {
            Value write = Step(at, v, 2, i);
            if (state is not null && decay is not null) state = at.Add("Mul", [state, Step(at, decay, 3, i)]);
            if (state is not null && rate is not null) write = at.Add("Sub", [write, at.Add("MatMul", [Step(at, rows, 2, i), state])]);
            if (rate is not null) write = at.Add("Mul", [write, Step(at, rate, 2, i)]);
            Value outer = at.Add("Mul", [Step(at, columns, 3, i), write]);
            state = state is null ? outer : at.Add("Add", [state, outer]);
            results[i] = at.Add("MatMul", [Step(at, q, 2, i), AttentionParts.Repeat(at, state, heads, own)]);
        }

        if (at.Reads(1)) at.Make(1, "CastLike", [state, at.InputOrNull(Past) ?? at.Input(0)]);
        Value y = AttentionParts.SwapHeads(at, steps == 1 ? results[0] : at.Add("Concat", results, ("axis", 2L)));
        at.Finish("CastLike", [at.AddLayer("Reshape", [y, at.Longs(0, 0, -1)]), at.Input(0)]);
    }

    /// <summary>[batch, steps, heads · size] as [batch, heads, steps, size], or with the last two swapped.</summary>
    private static Value Split(Rewriting at, int index, long heads, bool isColumn)
    {
        Value parts = at.Add("Reshape", [Float32(at, at.Input(index)), at.Longs(0, 0, heads, -1)]);
        return at.Add("Transpose", [parts], ("perm", isColumn ? new long[] { 0, 2, 3, 1 } : [0, 2, 1, 3]));
    }

    /// <summary>The rates [batch, steps, heads or 1] as [batch, heads or 1, steps, 1].</summary>
    private static Value Rates(Rewriting at) => at.Add(
        "Unsqueeze", [at.Add("Transpose", [Float32(at, at.Input(Rate))], ("perm", new long[] { 0, 2, 1 })), at.Longs(3)]);

    /// <summary>One step of several.</summary>
    private static Value Step(Rewriting at, Value all, int axis, int step) =>
        at.Add("Slice", [all, at.Longs(step), at.Longs(step + 1), at.Longs(axis)]);

    // The state adds up what float16 would lose.
    private static Value Float32(Rewriting at, Value x) =>
        x.Type is ElementType.Float16 or ElementType.BFloat16 ? at.Add("Cast", [x], ("to", (long)ElementType.Float32)) : x;
}
