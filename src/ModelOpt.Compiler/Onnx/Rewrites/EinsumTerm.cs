using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>An operand of an Einsum: a value, and for each of its axes a label and a size.</summary>
internal sealed record EinsumTerm(Value Value, string Labels, Dim[] Sizes)
{
    /// <summary>The size of a label that it has.</summary>
    public Dim SizeOf(char label) => Sizes[Labels.IndexOf(label)];

    /// <summary>The term without axes, which the value has lost.</summary>
    public EinsumTerm Without(Value value, IReadOnlyCollection<int> axes) => new(
        value, string.Concat(Labels.Where((_, axis) => !axes.Contains(axis))), [.. Sizes.Where((_, axis) => !axes.Contains(axis))]);

    /// <summary>The term with its axes in the order of labels.</summary>
    public EinsumTerm Ordered(Rewriting at, string labels)
    {
        if (labels == Labels) return this;
        long[] order = [.. labels.Select(label => (long)Labels.IndexOf(label))];
        return new(at.Add("Transpose", [Value], ("perm", order)), labels, [.. order.Select(axis => Sizes[axis])]);
    }

    /// <summary>The sum over axes.</summary>
    public EinsumTerm Summed(Rewriting at, int[] axes) => axes.Length == 0 ? this
        : Without(at.Add("ReduceSum", [Value, Vector(at, axes)], ("keepdims", 0L)), axes);

    /// <summary>The term without axes of size 1.</summary>
    public EinsumTerm Squeezed(Rewriting at, int[] axes) => axes.Length == 0 ? this
        : Without(at.Add("Squeeze", [Value, Vector(at, axes)]), axes);

    /// <summary>The term with labels that it lacks as axes of size 1, in the order of labels.</summary>
    public Value Spread(Rewriting at, string labels)
    {
        Value value = Ordered(at, string.Concat(labels.Where(Labels.Contains))).Value;
        int[] axes = [.. Enumerable.Range(0, labels.Length).Where(i => !Labels.Contains(labels[i]))];
        return axes.Length == 0 ? value : at.Add("Unsqueeze", [value, Vector(at, axes)]);
    }

    private static Value Vector(Rewriting at, int[] axes) =>
        at.Longs(Array.ConvertAll(axes, axis => (long)axis));
}
