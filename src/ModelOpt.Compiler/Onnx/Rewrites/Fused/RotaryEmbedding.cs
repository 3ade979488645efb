using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>
/// Rotates pairs of numbers of each head by angles of its position: [batch, heads, length, size] or [batch, length, heads · size]. The
/// inputs behind are cosines, sines and positions of ONNX's, and positions, cosines and sines of ONNX Runtime's.
/// </summary>
/// <param name="isOwn">Whether it is ONNX's own.</param>
internal sealed class RotaryEmbedding(bool isOwn) : NodeRewrite("RotaryEmbedding", new Arity(isOwn ? 3 : 4, 4))
{
    public override string Domain => isOwn ? "" : Microsoft;

    public override int Since => isOwn ? 23 : 1;

    protected override void Rewrite(Rewriting at)
    {
        if (at.Node.Int("is_packed_batching", 0) != 0) throw at.Refusal("packed batches");
        bool isFlat = at.RankOf(at.Input(0)) == 3;
        Value cosines = at.Input(isOwn ? 1 : 2), sines = at.Input(isOwn ? 2 : 3);
        long half = AttentionParts.SizeOf(cosines, -1);
        long width = AttentionParts.SizeOf(at.Input(0), -1), turned = at.Node.Int("rotary_embedding_dim", 0);
        long heads = at.Node.Int("num_heads", 0);
        if (isFlat && heads == 0 && turned == 0 && half > 0) heads = width / (2 * half);
        long size = !isFlat ? width : heads > 0 ? width / heads : 0;
        if (turned == 0) turned = size;
        if (size <= 0 || turned % 2 != 0 || turned > size || half * 2 != turned)
            throw at.Refusal($"{half} angles for {turned} of {size} numbers of a head");
        Value x = isFlat ? at.Add("Reshape", [at.Input(0), at.Longs(0, 0, heads, size)]) : at.Input(0);
        (cosines, sines) = (Angles(at, cosines, isFlat), Angles(at, sines, isFlat));
        Value[] parts = turned == size ? [x] : AttentionParts.Parts(at, x, 3, turned, size - turned);
        bool alternates = at.Node.Int("interleaved", 0) != 0;
        Value y = Turned(at, parts[0], cosines, sines, turned, isFlat ? heads : 0, alternates);
        if (isFlat)
        {
            Value all = turned == size ? y : at.Add("Concat", [y, parts[1]], ("axis", -1L));
            at.Finish("Reshape", [all, at.Longs(0, 0, -1)]);
        }
        else if (turned == size) at.Finish("Identity", [y]);
        else at.Finish("Concat", [y, parts[1]], ("axis", -1L));
    }

    /// <summary>Cosines or sines of each position, with an axis for heads.</summary>
    private Value Angles(Rewriting at, Value table, bool isFlat)
    {
        Value axis = at.Longs(isFlat ? 2 : 1);
        if (at.InputOrNull(isOwn ? 3 : 1) is not { } positions) return at.Add("Unsqueeze", [table, axis]);
        if (at.RankOf(positions) == 2) return at.Add("Unsqueeze", [at.Add("Gather", [table, positions], ("axis", 0L)), axis]);
        // One number is the position of the first.
        Value all = at.Add("Add", [positions, AttentionLength.Of(at, at.Input(0), isFlat ? 1 : 2).Places(at)]);
        Value angles = at.Add("Gather", [table, all], ("axis", 0L));
        return isFlat ? at.Add("Unsqueeze", [angles, at.Longs(1)]) : angles;
    }

    /// <summary>(a · cos − b · sin, a · sin + b · cos), where a and b are halves, or every second number.</summary>
    /// <param name="heads">The size of axis 2; 0 where it stays as it is.</param>
    public static Value Turned(Rewriting at, Value x, Value cosines, Value sines, long size, long heads, bool alternates)
    {
        Value a, b;
        if (alternates)
        {
            Value pairs = at.Add("Reshape", [x, at.Longs(0, 0, heads, size / 2, 2)]);
            (a, b) = (AttentionParts.Pick(at, pairs, 4, 0), AttentionParts.Pick(at, pairs, 4, 1));
        }
        else
        {
            Value[] halves = AttentionParts.Parts(at, x, 3, size / 2, size / 2);
            (a, b) = (halves[0], halves[1]);
        }

        Value real = at.Add("Sub", [at.Add("Mul", [a, cosines]), at.Add("Mul", [b, sines])]);
        Value imaginary = at.Add("Add", [at.Add("Mul", [a, sines]), at.Add("Mul", [b, cosines])]);
        if (!alternates) return at.Add("Concat", [real, imaginary], ("axis", -1L));
        Value last = at.Longs(4);
        Value joined = at.Add("Concat", [at.Add("Unsqueeze", [real, last]), at.Add("Unsqueeze", [imaginary, last])], ("axis", -1L));
        return at.Add("Reshape", [joined, at.Longs(0, 0, heads, size)]);
    }
}
