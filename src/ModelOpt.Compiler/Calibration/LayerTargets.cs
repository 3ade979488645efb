using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Calibration;

/// <summary>
/// The target of a layer: the output of the float model's layer. If the output is added to a value computed before it, the target is the
/// float model's sum less that value as it is now, so the layer also compensates errors of the other branch. If a following activation is
/// flat beyond a bound and the float model's value lies there, the layer's may lie anywhere on that side (Zhang et al., "Accelerating
/// Very Deep Convolutional Networks", 2015).
/// </summary>
/// <param name="Wanted">A value of the float model: the layer's output, or the sum.</param>
/// <param name="Added">A value of the graph as it is: what the output is added to; or null.</param>
/// <param name="Floor">Up to where the activation is flat; −∞ where it is not.</param>
/// <param name="Ceiling">From where on the activation is flat; ∞ where it is not.</param>
internal sealed record LayerTargets(Node Layer, Value Wanted, Value? Added, float Floor, float Ceiling)
{
    /// <summary>Whether an activation forgives errors.</summary>
    public bool IsOneSided => Floor > float.NegativeInfinity || Ceiling < float.PositiveInfinity;

    /// <summary>The target of a layer, or null where the float model has no such layer.</summary>
    /// <param name="layer">A layer of the graph as it is.</param>
    /// <param name="reference">The values that the float model computes, by name.</param>
    public static LayerTargets? Of(Node layer, Graph graph, IReadOnlyDictionary<string, Value> reference)
    {
        if (!reference.TryGetValue(layer.Output.Name, out Value? own)) return null;
        LayerTargets alone = At(own, null, layer.Output);
        if (graph.IsOutput(layer.Output) || layer.Output.Consumers is not [{ Type: "Add" } add]) return alone;
        Value other = add.Input(add.Input(0) == layer.Output ? 1 : 0);
        if (other.IsConstant || other == layer.Output || !IsAlike(other, layer.Output) || !IsBefore(other, layer, graph)) return alone;
        return reference.TryGetValue(add.Output.Name, out Value? sum) && IsAlike(sum, add.Output) ? At(sum, other, add.Output) : alone;

        LayerTargets At(Value wanted, Value? added, Value value)
        {
            (float floor, float ceiling) = (float.NegativeInfinity, float.PositiveInfinity);
            if (!graph.IsOutput(value) && value.Consumers is [{ } reader] && IsAlike(wanted, value))
            {
                (floor, ceiling) = reader.Type switch
                {
                    "Relu" => (0, ceiling),
                    "Clip" => (Bound(reader, 1, floor), Bound(reader, 2, ceiling)),
                    _ => (floor, ceiling),
                };
            }

            return new(own.Producer!, wanted, added, floor, ceiling);
        }
    }

    /// <summary>The target for one sample.</summary>
    /// <param name="output">What the layer computes as it is, where the activation is to forgive; or null.</param>
    /// <remarks>The squared distance to this target is nowhere less than that behind the activation, which is what counts.</remarks>
    public Tensor Of(IReadOnlyDictionary<Value, Tensor> seen, Tensor? output)
    {
        Tensor wanted = seen[Wanted];
        if (Added is null && output is null) return wanted;
        float[] target = wanted.Span<float>().ToArray();
        ReadOnlySpan<float> added = Added is null ? new float[target.Length] : seen[Added].Span<float>();
        ReadOnlySpan<float> actual = output is null ? default : output.Span<float>();
        for (int i = 0; i < target.Length; i++)
        {
            if (output is not null)
            {
                float value = actual[i] + added[i];
                if (target[i] <= Floor) target[i] = Math.Min(value, Floor);
                else if (target[i] >= Ceiling) target[i] = Math.Max(value, Ceiling);
            }

            target[i] -= added[i];
        }

        return Tensor.Of<float>(wanted.Dims, target);
    }

    private static float Bound(Node clip, int input, float none) =>
        clip.InputOrNull(input) is not { } bound ? none : bound.Constant is { Type: ElementType.Float32, Count: 1 } value
        ? value.Span<float>()[0]
        : none;

    private static bool IsAlike(Value a, Value b) => a.Shape is { } shape && shape.Equals(b.Shape);

    private static bool IsBefore(Value value, Node layer, Graph graph) =>
        value.Producer is not { } producer || graph.Nodes.TakeWhile(n => n != layer).Contains(producer);
}
