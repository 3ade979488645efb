using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Normalization;

/// <summary>
/// The logarithm of a Softmax along attribute <c>axis</c>, as z − log Σ eᶻ with z = x − max x: the logarithm is small then, so that the
/// difference keeps its digits. Before opset 13, the sum runs over all axes from <c>axis</c> on.
/// </summary>
internal sealed class LogSoftmax : ComposedOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 11, new(13, Softmax.Flatten)];

    public override Arity Arity => new(1, 1);

    protected override void Compose(Graph graph, Node node)
    {
        if (node.Attributes.ContainsKey(Softmax.Flattens)) Softmax.FlattenOpen(graph, node);
        Value x = node.Input(0), axes = graph.AddConstant($"{node.Label}_axes", Tensor.Vector(node.Int("axis", -1)));
        Value shifted = Add("Sub", x, Add("ReduceMax", x, axes)), sum = Add("ReduceLogSumExp", shifted, axes);
        Replace(graph, node, "Sub", shifted, sum);

        Value Add(string type, params Value[] inputs)
        {
            var output = new Value(graph.UniqueName($"{node.Label}_{type}"));
            graph.InsertBefore(node, new Node(type, "", inputs, [output]));
            return output;
        }
    }
}
