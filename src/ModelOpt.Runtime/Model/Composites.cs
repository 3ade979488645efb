using System.Numerics;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Model;

/// <summary>
/// STABLEHLO_COMPOSITE: a function by its name, with a subgraph that computes it. The subgraph's nodes take its place.
/// </summary>
internal static class Composites
{
    /// <summary>The nodes that compute a composite.</summary>
    /// <exception cref="InvalidModelException">Its operands are not those of the subgraph.</exception>
    public static List<Node> Inline(Node node)
    {
        Graph body = node.Subgraphs[0];
        node.Require(
            body.Inputs.Length == node.Inputs.Length && body.Outputs.Length == node.Outputs.Length,
            $"its subgraph has {body.Inputs.Length} inputs and {body.Outputs.Length} outputs");
        var outer = new Dictionary<Tensor, Tensor>();
        for (int i = 0; i < body.Inputs.Length; i++)
            outer[body.Inputs[i]] = Same(node, node.Input(i), body.Inputs[i]);
        var copies = new List<Node>();
        Dictionary<Tensor, Node> producers = body.Producers();
        for (int i = 0; i < body.Outputs.Length; i++)
        {
            Tensor inner = body.Outputs[i], result = Same(node, node.Outputs[i], inner);
            if (producers.ContainsKey(inner) && outer.TryAdd(inner, result))
                continue;
            // An input, a constant, or what is another output already.
            Tensor sizes = new($"{result.Name}/shape", TensorType.Int32, [result.Rank], null)
            {
                Data = MemoryMarshal.AsBytes<int>(result.Shape).ToArray(),
            };
            copies.Add(new Node(BuiltinOperator.Reshape, node.Index, [outer.GetValueOrDefault(inner, inner), sizes], [result]));
        }

        foreach (Node inside in body.Nodes)
        {
            Graph.Replace(inside.Inputs, outer);
            Graph.Replace(inside.Outputs, outer);
        }

        return [.. body.Nodes, .. copies];
    }

    /// <summary>The inputs of a composite in the places of the operator's.</summary>
    /// <param name="given">Which of the operator's inputs it has, bit by bit; 0 for all.</param>
    /// <exception cref="InvalidModelException">It has another number of inputs.</exception>
    public static Tensor?[] Place(int given, Tensor?[] inputs)
    {
        if (given == 0)
            return inputs;
        if (BitOperations.PopCount((uint)given) != inputs.Length)
            throw new InvalidModelException($"The file is damaged: a composite has {inputs.Length} inputs, and names others.");
        var places = new Tensor?[32 - BitOperations.LeadingZeroCount((uint)given)];
        for (int i = 0, next = 0; i < places.Length; i++)
            places[i] = ((given >> i) & 1) == 0 ? null : inputs[next++];
        return places;
    }

    private static Tensor Same(Node node, Tensor outside, Tensor inside)
    {
        node.Require(
            outside.Type == inside.Type && outside.Shape.AsSpan().SequenceEqual(inside.Shape),
            $"tensor '{outside.Name}' is not as '{inside.Name}' of its subgraph");
        return outside;
    }
}
