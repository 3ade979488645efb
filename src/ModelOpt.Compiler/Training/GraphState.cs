using ModelOpt.Compiler.Constraints;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Training;

/// <summary>What training may change of a graph, at some time: constants, what constrains them, and grids. Tensors are shared, as none is written to.</summary>
internal sealed class GraphState
{
    private readonly (Value Value, Tensor? Constant, WeightConstraints? Constraints, Quantization? Quantization)[] values;

    /// <summary>Takes the state of a graph.</summary>
    /// <param name="graph">The graph.</param>
    public GraphState(Graph graph) => values = [.. graph.Values.Select(v => (v, v.Constant, v.Constraints, v.Quantization))];

    /// <summary>Brings the graph back to this state.</summary>
    public void Restore()
    {
        foreach ((Value value, Tensor? constant, WeightConstraints? constraints, Quantization? quantization) in values)
            (value.Constant, value.Constraints, value.Quantization) = (constant, constraints, quantization);
    }
}
