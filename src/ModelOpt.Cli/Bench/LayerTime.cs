using ModelOpt.Cli.Models;
using ModelOpt.Runtime;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Cli.Bench;

/// <summary>The time of one step of the plan.</summary>
/// <param name="Operators">The operators of the file that it computes, in order, joined by '+'.</param>
/// <param name="Output">Type and shape of its output.</param>
/// <param name="IsFloat">Whether it computes in float32.</param>
internal sealed record LayerTime(string Operators, string Output, bool IsFloat, double Milliseconds, long Macs)
{
    /// <summary>Measures a model step by step, on one sample.</summary>
    public static LayerTime[] Measure(TfliteModel model, byte[] file, int runs)
    {
        StepProfile[] steps = Profile.Measure(model, runs);
        ILookup<Node, Node> nodes = Assign(GraphReader.Read(file), [.. model.Plan.Steps.Select(step => step.Node)]);
        return [.. steps.Select((step, i) =>
        {
            Node[] computed = [.. nodes[model.Plan.Steps[i].Node]];
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
    /// The operators of the file by the step that computes them. The plan may have fused some: one that is no step of its own
    /// belongs to the last step that writes its output or, where none does, to where its first consumer belongs. What only
    /// names its input anew belongs to none.
    /// </summary>
    private static ILookup<Node, Node> Assign(Graph graph, Node[] steps)
    {
        ILookup<int, Node> byIndex = steps.ToLookup(step => step.Index);
        ILookup<string, Node> byOutput = steps.ToLookup(step => step.Output.Name);
        var consumers = new Dictionary<Tensor, Node>();
        foreach (Node node in graph.Nodes)
        {
            foreach (Tensor input in node.Inputs.OfType<Tensor>()) consumers.TryAdd(input, node);
        }

        return graph.Nodes
            .Where(node => byIndex.Contains(node.Index) || !StorageMap.KeepsBytes(node))
            .Select(node => (Node: node, Step: StepOf(node)))
            .Where(pair => pair.Step is not null)
            .ToLookup(pair => pair.Step!, pair => pair.Node);

        Node? StepOf(Node? node)
        {
            Node? step = null;
            for (; node is not null && step is null; node = consumers.GetValueOrDefault(node.Output))
                step = byIndex[node.Index].FirstOrDefault() ?? byOutput[node.Output.Name].LastOrDefault();
            return step;
        }
    }
}
