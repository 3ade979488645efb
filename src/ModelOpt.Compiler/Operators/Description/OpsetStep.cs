using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Description;

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

    /// <summary>A version without attributes that have no effect.</summary>
    public static OpsetStep Without(int opset, params string[] names) => new(opset, (_, node) =>
    {
        foreach (string name in names) node.Attributes.Remove(name);
    });

    /// <summary>A version whose attribute is an integer where the version before has a float.</summary>
    public static OpsetStep ToInteger(int opset, string name) => new(opset, (_, node) =>
    {
        if (!node.Attributes.TryGetValue(name, out object? given) || given is not float number) return;
        if (number != MathF.Floor(number) || Math.Abs(number) > 1 << 24)
            throw GraphDiagnostics.InvalidAttribute.Error(node.Label, name, $"is {number}, which is not an integer");
        node.Attributes[name] = (long)number;
    });

    /// <summary>Turns an attribute of integers, where a node has it, into a constant input.</summary>
    public static void ToInput(Graph graph, Node node, string name, int index)
    {
        if (node.Ints(name) is not { } values) return;
        node.Attributes.Remove(name);
        node.SetInput(index, graph.AddConstant($"{node.Label}_{name}", Tensor.Vector(values)));
    }
}
