using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>A number of queries or keys: known, or counted when the model runs.</summary>
/// <param name="Known">The number; null where it is counted.</param>
/// <param name="Counted">The number as a scalar of int64; null where it is known.</param>
internal readonly record struct AttentionLength(long? Known, Value? Counted)
{
    /// <summary>None.</summary>
    public static AttentionLength Zero => new(0, null);

    /// <summary>The size of a dimension.</summary>
    public static AttentionLength Of(Rewriting at, Value value, int axis) =>
        value.Shape is { } shape && axis < shape.Rank && shape[axis] is { IsKnown: true, Size: <= int.MaxValue } dim
            ? new(dim.Size, null)
            : new(null, AttentionParts.Pick(at, at.Add("Shape", [value]), 0, axis));

    /// <summary>This many and that many.</summary>
    public AttentionLength Plus(Rewriting at, AttentionLength other) =>
        Known + other.Known is { } sum ? new(sum, null)
        : Known == 0 ? other
        : other.Known == 0 ? this
        : new(null, at.Add("Add", [Scalar(at), other.Scalar(at)]));

    /// <summary>How many more than others.</summary>
    public AttentionLength Minus(Rewriting at, AttentionLength other) =>
        Known - other.Known is { } rest ? new(rest, null) : new(null, at.Add("Sub", [Scalar(at), other.Scalar(at)]));

    /// <summary>The number as a scalar of int64.</summary>
    public Value Scalar(Rewriting at) => Counted ?? at.Constant(Tensor.Scalar(Known!.Value));

    /// <summary>The places 0, 1, …, as a vector of int64.</summary>
    public Value Places(Rewriting at)
    {
        if (Known is { } known) return at.Longs([.. Enumerable.Range(0, (int)known).Select(i => (long)i)]);
        Value zero = at.Constant(Tensor.Scalar(0L)), one = at.Constant(Tensor.Scalar(1L));
        return at.Add("Range", [zero, Counted, one]);
    }
}
