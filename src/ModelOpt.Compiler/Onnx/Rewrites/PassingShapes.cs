using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>
/// Types and shapes of what nodes compute, while nodes are rewritten: rewrites ask for them, and many files do not say them. In the end,
/// values have again what the file says, which inference completes and checks later.
/// </summary>
internal sealed class PassingShapes(Graph graph)
{
    private readonly Dictionary<Value, (ElementType Type, Shape? Shape)> _stated = [];
    private int _done;

    /// <summary>Infers what the nodes before one compute. What cannot be inferred stays as the file says it.</summary>
    /// <param name="node">A node of the graph, or null for all.</param>
    public void InferUpTo(Node? node)
    {
        for (; _done < graph.Nodes.Count && graph.Nodes[_done] != node; _done++)
        {
            Node next = graph.Nodes[_done];
            foreach (Value output in next.Outputs.OfType<Value>()) _stated.TryAdd(output, (output.Type, output.Shape));
            if (next.Inputs.Any(i => i is not null && (i.Shape is null || i.Type == ElementType.Undefined)) || next.Bodies.Any()) continue;
            try
            {
                ShapeInference.Infer(next);
            }
            catch (CompilationException)
            {
                // Whatever is wrong is said when all shapes are inferred.
                Restore(next);
            }
        }
    }

    /// <summary>Gives all values back what the file says.</summary>
    public void Restore()
    {
        foreach ((Value value, (ElementType type, Shape? shape)) in _stated)
            (value.Type, value.Shape, value.ShapeContent) = (type, shape, null);
    }

    private void Restore(Node node)
    {
        foreach (Value output in node.Outputs.OfType<Value>())
            (output.Type, output.Shape, output.ShapeContent) = (_stated[output].Type, _stated[output].Shape, null);
    }
}
