using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>A version of an operator in ONNX: the opset that brought it, and the change from the version before.</summary>
/// <param name="Upgrade">
/// Brings a node of the version before to this one; null where such a node says the same in this version, which takes more types or has
/// more attributes.
/// </param>
internal sealed record OpsetStep(int Opset, Action<Graph, Node>? Upgrade = null)
{
    /// <summary>The attributes that this version no longer has.</summary>
    public IReadOnlyList<string> Dropped { get; init; } = [];

    /// <summary>A version that reads the nodes of the version before as they are.</summary>
    public static implicit operator OpsetStep(int opset) => new(opset);

    /// <summary>A version that has inputs where the version before has attributes of integers.</summary>
    /// <param name="moved">The attributes, and the positions of the inputs.</param>
    public static OpsetStep ToInputs(int opset, params (string Name, int Index)[] moved) => new(opset, (graph, node) =>
    {
        foreach ((string name, int index) in moved) ToInput(graph, node, name, index);
    }) { Dropped = [.. moved.Select(m => m.Name)] };

    /// <summary>Turns an attribute of integers, where a node has it, into a constant input.</summary>
    public static void ToInput(Graph graph, Node node, string name, int index)
    {
        if (node.Ints(name) is not { } values) return;
        node.Attributes.Remove(name);
        node.SetInput(index, graph.AddConstant($"{node.Label}_{name}", Tensor.Vector(values)));
    }
}
