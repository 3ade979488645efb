using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>For each number that is in a list of keys the value that belongs to it, or else a default.</summary>
internal sealed class LabelEncoder() : LearnedRewrite("LabelEncoder", new Arity(1, 1))
{
    protected override void Rewrite(Rewriting at)
    {
        Tensor keys = List(at, "keys"), values = List(at, "values");
        if (keys.Count == 0 || keys.Count != values.Count)
            throw at.Refusal($"{keys.Count} keys for {values.Count} values");
        Value column = at.Add("Unsqueeze", [at.Input(0), at.Constant(Tensor.Vector(-1L))]);
        Value isKey = at.Add("Equal", [column, at.Constant(keys)]);
        if (NoNumbers(keys) is { } none)
            isKey = at.Add("Or", [isKey, at.Add("And", [at.Add("IsNaN", [column]), at.Constant(none)])]);
        Value hits = at.Add("Cast", [isKey], ("to", (long)ElementType.Int32));
        Value place = at.Add("ArgMax", [hits], ("axis", -1L), ("keepdims", 0L));
        Value most = at.Add("ReduceMax", [hits, at.Constant(Tensor.Vector(-1L))], ("keepdims", 0L));
        Value isFound = at.Add("Cast", [most], ("to", (long)ElementType.Bool));
        at.Finish("Where", [isFound, at.Add("Gather", [at.Constant(values), place]), at.Constant(Default(at, values.Type))]);
    }

    /// <summary>Which keys are no number; null where all are.</summary>
    private static Tensor? NoNumbers(Tensor keys)
    {
        if (keys.Type != ElementType.Float32) return null;
        bool[] none = Array.ConvertAll(keys.Span<float>().ToArray(), float.IsNaN);
        if (!none.Contains(true)) return null;
        Tensor result = Tensor.Zeros(ElementType.Bool, keys.Dims);
        for (int i = 0; i < none.Length; i++) result.Bytes.Span[i] = none[i] ? (byte)1 : (byte)0;
        return result;
    }

    private static Tensor List(Rewriting at, string name)
    {
        foreach (string text in new[] { $"{name}_strings", "classes_strings" })
            if (at.Node.Attributes.ContainsKey(text)) throw Text(at, text);
        return at.Node.Ints($"{name}_int64s") is { } integers ? Tensor.Vector<long>(integers)
            : at.Node.Floats($"{name}_floats") is { } floats ? Tensor.Vector<float>(floats)
            : at.Node.Attributes.TryGetValue($"{name}_tensor", out object? given) && given is Tensor tensor
                ? tensor.Reshape([tensor.Count])
            : throw at.Invalid($"{name}_int64s", "is missing");
    }

    private static Tensor Default(Rewriting at, ElementType type)
    {
        if (at.Node.Attributes.TryGetValue("default_tensor", out object? given) && given is Tensor tensor)
            return Casting.To(tensor.Reshape([1]), type);
        return type == ElementType.Int64 ? Tensor.Vector(at.Node.Int("default_int64", -1))
            : Casting.To(Tensor.Vector(at.Node.Float("default_float", -0f)), type);
    }
}
