using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// Infers the shape and type of every tensor from operators and their inputs. It refuses a file that says something else, before anything
/// is allocated, folded or computed by that.
/// </summary>
internal static class ShapeInference
{
    // Shapes, axes and pads are this small.
    private const int MaxTried = 4096;

    // An operator of integers is one of floats, which is several.
    private const int MaxDepth = 4;

    /// <summary>
    /// Checks all nodes in their order, and computes those on the way whose inputs are constant: the shapes of others may follow
    /// from their values.
    /// </summary>
    /// <param name="graph">Is changed: nodes that are computed or that wait leave it.</param>
    /// <param name="isLater">Whether sizes are those of one run, of which the file knows nothing.</param>
    /// <returns>Nodes whose sizes depend on values that are computed first; null where there are none.</returns>
    /// <exception cref="InvalidModelException">The file says something else, or an operator is not supported.</exception>
    public static WaitingNodes? Apply(Graph graph, bool isLater = false)
    {
        var kept = new List<Node>(graph.Nodes.Count);
        long budget = graph.Budget.Folding;
        WaitingNodes? waiting = null;
        Dictionary<Tensor, Tensor>? resized = null;
        // Each with how many forms of others it is a part of.
        var next = new Stack<(Node Node, int Depth)>(graph.Nodes.AsEnumerable().Reverse().Select(n => (n, 0)));
        while (next.TryPop(out (Node Node, int Depth) of))
        {
            Node node = of.Node;
            if (resized is not null)
                Graph.Replace(node.Inputs, resized);
            if (waiting is not null && Array.Exists(node.Inputs, t => t is not null && waiting.Open.Contains(t)))
            {
                waiting.Add(node);
                continue;
            }

            try
            {
                if (ForeignForms.Has(node))
                {
                    node.Require(of.Depth < MaxDepth, "its operands contradict each other");
                    graph.Budget.Folding = budget;
                    List<Node> parts = ForeignForms.Parts(node, graph.Budget);
                    budget = graph.Budget.Folding;
                    parts.Reverse();
                    parts.ForEach(part => next.Push((part, of.Depth + 1)));
                    continue;
                }

                Check(node, isLater, ref resized);
            }
            catch (ValueNeededException e) when (Array.IndexOf(node.Inputs, e.Tensor) >= 0)
            {
                waiting ??= new WaitingNodes();
                waiting.Add(node);
                if (ForeignForms.Has(node))
                    waiting.Needed.Add(e.Tensor);
                else if (OperatorKernels.Of(node) is not ICountingOperator)
                    waiting.Needed.UnionWith(Needed(node, e.Tensor));
                continue;
            }

            if (!ConstantFolding.TryFold(node, ref budget))
                kept.Add(node);
        }

        graph.Budget.Folding = budget;
        if (resized is not null)
            Graph.Replace(graph.Outputs, resized);
        graph.Nodes = kept;
        return waiting;
    }

    /// <summary>Types and shapes of a node's outputs, whatever the file says of them.</summary>
    /// <exception cref="InvalidModelException">The inputs do not fit the operator, or it is not supported.</exception>
    public static TensorSpec[] Infer(Node node) => OperatorKernels.Guard(node, () => OperatorKernels.Of(node).Infer(node));

    /// <summary>All values that a node asks for: they are tried with zeros, one after another.</summary>
    private static List<Tensor> Needed(Node node, Tensor first)
    {
        var needed = new List<Tensor>();
        try
        {
            for (Tensor? next = first; next is not null && next.Bytes <= MaxTried; next = Missing(node))
            {
                needed.Add(next);
                next.Data = new byte[next.Bytes];
            }
        }
        catch (InvalidModelException)
        {
            // Zeros do not fit: what else is needed shows when these are known.
        }

        foreach (Tensor tensor in needed)
            tensor.Data = null;
        return needed.Count > 0 ? needed : [first];
    }

    private static Tensor? Missing(Node node)
    {
        try
        {
            Infer(node);
            return null;
        }
        catch (ValueNeededException e) when (Array.IndexOf(node.Inputs, e.Tensor) >= 0)
        {
            return e.Tensor;
        }
    }

    private static void Check(Node node, bool isLater, ref Dictionary<Tensor, Tensor>? resized)
    {
        TensorSpec[] specs = Infer(node);
        node.Require(specs.Length == node.Outputs.Length, $"it has {specs.Length} outputs, not {node.Outputs.Length}");
        for (int i = 0; i < specs.Length; i++)
        {
            Tensor output = node.Outputs[i];
            if (specs[i].Matches(output))
                continue;
            // Files have no sizes where their converter knew none.
            bool isOpen = specs[i].Type == output.Type
                && (output.Signature is null ? isLater || output.Rank == 0 : output.Takes(specs[i].Shape));
            node.Require(isOpen, $"tensor '{output.Name}' is {TensorSpec.Of(output)} in the file, but {specs[i]} by the inputs");
            resized ??= [];
            node.Outputs[i] = resized[output] = output.Resized(specs[i].Shape);
        }
    }
}
