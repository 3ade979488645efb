using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// Infers the shape and type of every tensor from operators and their inputs. It refuses a file that says something else, before anything
/// is allocated, folded or computed by that.
/// </summary>
internal static class ShapeInference
{
    /// <summary>
    /// Checks all nodes in their order, and computes those on the way whose inputs are constant: the shapes of others may follow
    /// from their values.
    /// </summary>
    /// <exception cref="InvalidModelException">The file says something else, or an operator is not supported.</exception>
    public static void Apply(Graph graph)
    {
        var kept = new List<Node>(graph.Nodes.Count);
        long budget = graph.Budget.Folding;
        foreach (Node node in graph.Nodes)
        {
            Check(node);
            if (!ConstantFolding.TryFold(node, ref budget))
                kept.Add(node);
        }

        graph.Budget.Folding = budget;
        graph.Nodes = kept;
    }

    /// <summary>Types and shapes of a node's outputs, whatever the file says of them.</summary>
    /// <exception cref="InvalidModelException">The inputs do not fit the operator, or it is not supported.</exception>
    public static TensorSpec[] Infer(Node node) => OperatorKernels.Guard(node, () => OperatorKernels.Of(node).Infer(node));

    private static void Check(Node node)
    {
        TensorSpec[] specs = Infer(node);
        node.Require(specs.Length == node.Outputs.Length, $"it has {specs.Length} outputs, not {node.Outputs.Length}");
        for (int i = 0; i < specs.Length; i++)
        {
            Tensor output = node.Outputs[i];
            node.Require(specs[i].Matches(output),
                $"tensor '{output.Name}' is {TensorSpec.Of(output)} in the file, but {specs[i]} by the inputs");
        }
    }
}
