using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Training;

/// <summary>
/// A snapshot of what training may change in a graph: constants, their constraints, and grids. Tensors are shared, because nobody writes
/// to them.
/// </summary>
internal sealed class GraphState
{
    private readonly (Value Value, Tensor? Constant, WeightConstraints? Constraints, Quantization? Quantization)[] _values;

    /// <summary>Takes the state of a graph.</summary>
    public GraphState(Graph graph) => _values = [.. graph.Values.Select(v => (v, v.Constant, v.Constraints, v.Quantization))];

    private GraphState((Value, Tensor?, WeightConstraints?, Quantization?)[] values) => _values = values;

    /// <summary>Brings the graph back to this state.</summary>
    public void Restore()
    {
        foreach ((Value value, Tensor? constant, WeightConstraints? constraints, Quantization? quantization) in _values)
            (value.Constant, value.Constraints, value.Quantization) = (constant, constraints, quantization);
    }

    /// <summary>Writes this state, or reads one of the same graph.</summary>
    /// <param name="origin">A state that is known to who reads; what is as it was there is not written. Null to write all.</param>
    /// <returns>The state that was written.</returns>
    public GraphState Exchange(StateStream stream, GraphState? origin) => new([.. _values.Select((v, i) =>
    {
        (_, Tensor? constant, WeightConstraints? constraints, Quantization? grid) = origin is null ? default : origin._values[i];
        return (v.Value, stream.Changed(v.Constant, constant, stream.Tensor), Constraints(stream, v.Constraints, constraints),
            stream.Changed(v.Quantization, grid, q => Grid(stream, q)));
    })]);

    private static WeightConstraints Constraints(StateStream stream, WeightConstraints? c, WeightConstraints? origin) => new(
        stream.Changed(c?.Mask, origin?.Mask, m => Mask(stream, m)),
        stream.Changed(c?.Codebook, origin?.Codebook, b => Codebook(stream, b)));

    private static Mask Mask(StateStream stream, Mask? mask) => new(
        stream.Array(mask?.Zeros.ToArray()),
        new SparsityPattern(
            (SparsityKind)stream.Int((int)(mask?.Pattern.Kind ?? default)), stream.Int(mask?.Pattern.Rows ?? 0),
            stream.Int(mask?.Pattern.Columns ?? 0)));

    private static Codebook Codebook(StateStream stream, Codebook? codebook)
    {
        int clusters = stream.Int(codebook?.Clusters ?? 0), count;
        var scope = (ClusterScope)stream.Int((int)(codebook?.Scope ?? default));
        count = stream.Int(codebook?.Levels.Count ?? 0);
        return new(clusters, scope, [.. Enumerable.Range(0, count).Select(i => stream.Array(codebook?.Levels[i]))]);
    }

    private static Quantization Grid(StateStream stream, Quantization? grid) => new(
        (ElementType)stream.Int((int)(grid?.Type ?? default)), stream.Array(grid?.Scales.ToArray()),
        stream.Array(grid?.ZeroPoints.ToArray()), stream.Int(grid?.Axis ?? 0));
}
