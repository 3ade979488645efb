using ModelOpt.Runtime;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Cli.Bench;

/// <summary>The time of one step of the plan.</summary>
/// <param name="Operators">The operators of the file that it computes, in order, joined by '+'.</param>
/// <param name="Output">Type and shape of its output.</param>
/// <param name="IsFloat">Whether it computes in float32.</param>
/// <param name="Milliseconds">The median time.</param>
/// <param name="Macs">Multiply-adds of all these operators.</param>
internal sealed record LayerTime(string Operators, string Output, bool IsFloat, double Milliseconds, long Macs)
{
    /// <summary>Measures a model step by step, on one sample.</summary>
    public static LayerTime[] Measure(TfliteModel model, byte[] file, int runs)
    {
        StepProfile[] steps = Profile.Measure(model, runs);
        Dictionary<string, List<Node>> nodes = Assign(GraphReader.Read(file), [.. steps.Select(step => step.Output)]);
        return [.. steps.Select(step =>
        {
            List<Node> computed = nodes.GetValueOrDefault(step.Output) ?? [];
            string operators = string.Join('+', computed.Select(node => node.Operator.TfliteName()));
            return new LayerTime(
                operators.Length > 0 ? operators : step.Operator,
                $"{step.Type.ToString().ToLowerInvariant()}[{string.Join(',', step.Shape)}]",
                step.Type == TensorType.Float32,
                step.Milliseconds,
                computed.Sum(TfliteInspector.Macs));
        })];
    }

    /// <summary>
    /// The operators of the file by the step that computes them. The plan may have fused or moved some: one whose output no
    /// step has belongs to the step that its first consumer belongs to; what only names its input anew belongs to none.
    /// </summary>
    private static Dictionary<string, List<Node>> Assign(Graph graph, HashSet<string> steps)
    {
        var consumers = new Dictionary<Tensor, Node>();
        foreach (Node node in graph.Nodes)
        {
            foreach (Tensor input in node.Inputs.OfType<Tensor>()) consumers.TryAdd(input, node);
        }

        var assigned = new Dictionary<string, List<Node>>();
        foreach (Node node in graph.Nodes)
        {
            Node? at = node;
            while (at is not null && !steps.Contains(at.Output.Name)) at = consumers.GetValueOrDefault(at.Output);
            if (at is null || (at != node && node.Operator is BuiltinOperator.Reshape or BuiltinOperator.Squeeze)) continue;
            if (!assigned.TryGetValue(at.Output.Name, out List<Node>? list)) assigned[at.Output.Name] = list = [];
            list.Add(node);
        }

        return assigned;
    }
}
