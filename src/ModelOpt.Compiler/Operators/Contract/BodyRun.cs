using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>Runs a body in float, any number of times, as part of the run of the node that has it.</summary>
internal sealed class BodyRun(Graph body, ForwardContext context)
{
    private readonly Value[][] _lastUses = LastUses(body);

    /// <summary>Runs the body once.</summary>
    /// <param name="inputs">A tensor for each of its inputs, captured ones included.</param>
    /// <returns>A tensor for each output.</returns>
    public Tensor[] Run(IReadOnlyList<Tensor> inputs)
    {
        var live = new Dictionary<Value, Tensor>();
        for (int i = 0; i < body.Inputs.Count; i++) live[body.Inputs[i]] = inputs[i];
        for (int i = 0; i < body.Nodes.Count; i++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            Node node = body.Nodes[i];
            Tensor?[] arguments = [.. node.Inputs.Select(v => v is null ? null : v.Constant ?? live[v])];
            var inner = new ForwardContext(node, arguments, context.Cancellation) { Pool = context.Pool };
            Guard.Run(node, () => Operator.Of(node).Forward(inner));
            for (int j = 0; j < node.Outputs.Count; j++)
            {
                if (node.Outputs[j] is { } output) live[output] = inner.Outputs[j] ?? throw GraphDiagnostics.UnsupportedForm.Error(
                    node.Label, node.Type, $"its output {j} is not computed");
            }

            foreach (Value value in _lastUses[i]) live.Remove(value);
        }

        return [.. body.Outputs.Select(v => live[v])];
    }

    /// <summary>For each node, the values that no later node reads.</summary>
    private static Value[][] LastUses(Graph body)
    {
        HashSet<Value> later = [.. body.Outputs];
        var last = new Value[body.Nodes.Count][];
        for (int i = last.Length - 1; i >= 0; i--)
        {
            Node node = body.Nodes[i];
            last[i] = [.. node.Inputs.Concat(node.Outputs).OfType<Value>().Where(v => !v.IsConstant && later.Add(v))];
        }

        return last;
    }
}
