namespace ModelOpt.Compiler.Graphs;

/// <summary>A model's inputs and outputs, from which the wrapper is generated. Cheap to read.</summary>
/// <param name="Inputs">What the caller feeds, in order.</param>
/// <param name="Outputs">What the caller gets, in order.</param>
internal sealed record ModelSignature(IReadOnlyList<TensorSignature> Inputs, IReadOnlyList<TensorSignature> Outputs)
{
    /// <summary>The inputs and outputs that are the ends of states.</summary>
    public IReadOnlyList<StatePair> States { get; init; } = [];

    /// <summary>The signature of a graph.</summary>
    internal static ModelSignature Of(Graph graph) =>
        new([.. graph.Inputs.Select(v => Of(graph, v))], [.. graph.Outputs.Select(v => Of(graph, v))]) { States = [.. graph.States] };

    private static TensorSignature Of(Graph graph, Value value) => new(value.Name, graph.DeclaredType(value) ?? value.Type, value.Shape!);
}
