using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Onnx;

/// <summary>
/// Converts a float16, bfloat16 or float64 model to float32, in which everything else computes. Callers still feed and get the file's
/// types (<see cref="Graph.DeclaredType"/>), except bfloat16, for which .NET has no type: it becomes float32.
/// </summary>
internal static class FloatUnification
{
    /// <summary>Changes the types of values, constants and attributes.</summary>
    /// <param name="graph">The graph as read: types are those that the file states, shapes need not be known.</param>
    public static void Apply(Graph graph)
    {
        foreach (Value value in graph.Inputs.Concat(graph.Outputs))
        {
            if (value.Type is ElementType.Float16 or ElementType.Float64) graph.Declare(value.Name, value.Type);
        }

        Change(graph);
    }

    private static void Change(Graph graph)
    {
        foreach (Value value in graph.Values)
        {
            if (value.Constant is { } constant) value.Constant = ToFloat32(constant);
            if (IsOther(value.Type)) value.Type = ElementType.Float32;
        }

        foreach (Node node in graph.Nodes)
        {
            foreach ((string name, object attribute) in node.Attributes.ToArray())
            {
                if (attribute is Graph body) Change(body);
                else if (attribute is Tensor tensor) node.Attributes[name] = ToFloat32(tensor);
                else if (name is "to" or "dtype" or "output_dtype" or "output_datatype"
                    && attribute is long type && IsOther((ElementType)type))
                    node.Attributes[name] = (long)ElementType.Float32;
            }
        }
    }

    private static bool IsOther(ElementType type) => type.IsFloat() && type != ElementType.Float32;

    private static Tensor ToFloat32(Tensor tensor)
    {
        if (!IsOther(tensor.Type)) return tensor;
        Tensor result = Casting.To(tensor, ElementType.Float32);
        if (tensor.Type != ElementType.Float64) return result;
        // A large double stays a number: a mask of -1e300 is to hide something, not to make 0 · ∞.
        ReadOnlySpan<double> from = tensor.Span<double>();
        Span<float> to = result.Span<float>();
        for (int i = 0; i < to.Length; i++)
        {
            if (float.IsInfinity(to[i]) && double.IsFinite(from[i])) to[i] = from[i] < 0 ? float.MinValue : float.MaxValue;
        }

        return result;
    }
}
