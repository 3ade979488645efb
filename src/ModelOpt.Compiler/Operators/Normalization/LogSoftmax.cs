using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

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
        Value x = node.Input(0), output = node.Output;
        long axis = node.Int("axis", -1);
        bool flattens = node.Attributes.ContainsKey(Softmax.Flattens);
        Value matrix = flattens ? Add("Flatten", [x]) : x;
        if (flattens) matrix.Producer!.Attributes["axis"] = axis;
        Value axes = graph.AddConstant($"{node.Label}_axes", Tensor.Vector(flattens ? 1 : axis));
        Value shifted = Add("Sub", [matrix, Add("ReduceMax", [matrix, axes])]), sum = Add("ReduceLogSumExp", [shifted, axes]);
        if (!flattens) Replace(graph, node, "Sub", shifted, sum);
        else Replace(graph, node, "Reshape", Add("Sub", [shifted, sum]), Add("Shape", [x]));
        // A size of 0 is one.
        if (flattens) output.Producer!.Attributes["allowzero"] = 1L;

        Value Add(string type, Value[] inputs)
        {
            var output = new Value(graph.UniqueName($"{node.Label}_{type}"));
            graph.InsertBefore(node, new Node(type, "", inputs, [output]));
            return output;
        }
    }
}
