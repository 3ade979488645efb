using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>Finds the type and shape of every value from those of the inputs.</summary>
internal static class ShapeInference
{
    /// <summary>The longest vector of integers whose content is followed; a shape has far fewer dimensions.</summary>
    private const int MaxContent = 64;

    /// <summary>
    /// Infers all values again. The types that the file stated (those of the first run) are checked, and its shapes complete sizes that
    /// operators leave open.
    /// </summary>
    /// <param name="useStated">Whether the values' types and shapes are statements of the file.</param>
    /// <exception cref="CompilationException">Types or shapes do not fit.</exception>
    public static void Run(Graph graph, bool useStated = false)
    {
        foreach (Value input in graph.Inputs)
        {
            if (input.Shape is null) throw GraphDiagnostics.DynamicShape.Error(input.Name, input.Name, "not given");
            CheckSize(input.Name, input, input.Shape);
        }

        foreach (Node node in graph.Nodes)
        {
            var stated = node.Outputs.Select(v => (v?.Type ?? ElementType.Undefined, v?.Shape)).ToList();
            Infer(node);
            if (!useStated) continue;
            for (int i = 0; i < stated.Count; i++)
            {
                if (node.Outputs[i] is { } output) Complete(node, output, stated[i].Item1, stated[i].Item2);
            }
        }
    }

    /// <summary>The graph, or where sizes besides the batch are open, a copy with those of its first example.</summary>
    public static Graph AtExample(this Graph graph)
    {
        if (graph.Examples is not [var sizes, ..]) return graph;
        Graph copy = graph.Clone();
        copy.OpenShapes = copy.Inputs.ToDictionary(i => i.Name, i => i.Shape!, StringComparer.Ordinal);
        foreach (Value input in copy.Inputs) input.Shape = input.Shape!.At(sizes);
        Run(copy);
        return copy;
    }

    /// <summary>Infers the outputs of one node.</summary>
    /// <param name="node">A node whose inputs' types and shapes are known.</param>
    /// <exception cref="CompilationException">The inputs do not fit the operator.</exception>
    public static void Infer(Node node)
    {
        foreach (Value? input in node.Inputs)
        {
            if (input is { Constant: { } constant }) SetContent(input, constant);
        }

        foreach (Value? output in node.Outputs)
        {
            if (output is not null) output.ShapeContent = null;
        }

        Guard.Run(node, () =>
        {
            TypeChecks.Check(node);
            Operator.Of(node).InferShapes(node);
        });
        foreach (Value? output in node.Outputs)
        {
            if (output is null) continue;
            Check(node, output);
            NameComputed(output);
            // Pads and the like may come by way of matrices, whose elements are not followed one by one.
            if (output is { Type: ElementType.Int64 or ElementType.Int32, Shape: { Rank: <= 1, IsKnown: true }, ShapeContent: null }
                && KnownValue.Of(output) is { } known)
                SetContent(output, known);
        }
    }

    private static void SetContent(Value value, Tensor constant)
    {
        if (value.ShapeContent is null && constant.Type is ElementType.Int64 or ElementType.Int32
            && constant.Rank <= 1 && constant.Count <= MaxContent)
        {
            value.ShapeContent = Array.ConvertAll(constant.ToInt64s(), size => new Dim(size));
        }
    }

    private static void Complete(Node node, Value value, ElementType type, Shape? stated)
    {
        if (type != ElementType.Undefined && type != value.Type)
        {
            throw GraphDiagnostics.TypeMismatch.Error(
                node.Label, $"the output '{value.Name}' is {value.Type}, the file says {type}");
        }

        if (stated is null || value.Shape is null || stated.Rank != value.Shape.Rank) return;
        // A symbol that comes from the inputs says more than one that the exporter made up for this value.
        value.Shape = new Shape(value.Shape.Select((dim, i) =>
            dim.IsKnown || (dim.Expression is { } open && !(open.IsRounded && stated[i].IsKnown)
                && (dim != OwnSize(value, i) || stated[i] == Dim.Unknown)) ? dim : stated[i]));
    }

    /// <summary>Gives sizes that nothing is known of a name, so that equal ones are known to be equal.</summary>
    private static void NameComputed(Value value)
    {
        if (value.Shape is { } shape && shape.Contains(Dim.Unknown))
            value.Shape = new Shape(shape.Select((dim, axis) => dim == Dim.Unknown ? OwnSize(value, axis) : dim));
    }

    private static Dim OwnSize(Value value, int axis) => Dim.Computed($"{value.Name}:{axis}");

    private static void Check(Node node, Value value)
    {
        if (value.Type == ElementType.Undefined || value.Shape is null)
            throw GraphDiagnostics.DynamicShape.Error(node.Label, value.Name, "not known");
        CheckSize(node.Label, value, value.Shape);
    }

    /// <summary>Sizes fit 32 bits, and so does their product.</summary>
    private static void CheckSize(string label, Value value, Shape shape)
    {
        long count = 1;
        foreach (Dim dim in shape)
        {
            count = Math.Min(int.MaxValue + 1L, count) * (dim.IsKnown ? Math.Min(int.MaxValue + 1L, dim.Size) : 1);
            if (count > int.MaxValue || dim.Size > int.MaxValue)
                throw GraphDiagnostics.ShapeMismatch.Error(label, $"the shape {shape} of '{value.Name}' is too large");
        }
    }
}
