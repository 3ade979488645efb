using ModelOpt.Compiler.Onnx;
using Tensor = ModelOpt.Compiler.Graphs.Tensor;

namespace ModelOpt.Fuzz.Graphs.Checks;

/// <summary>
/// The grids that TFLite prescribes for Sigmoid, Softmax and Tanh end a step short of 1, which no choice of the compiler changes: the
/// float model that int8 is compared with is bounded by them, too.
/// </summary>
internal static class PrescribedGrids
{
    /// <summary>Bounds the values of a float model that a QDQ model stores on such grids.</summary>
    /// <param name="original">The float model, evaluated.</param>
    /// <param name="emitted">The QDQ model that was made of it.</param>
    public static Subject Bound(Subject original, ModelProto emitted)
    {
        ModelProto model = original.Model.Clone();
        Grids grids = new(emitted);
        foreach (NodeProto node in emitted.Graph.Node.Where(n => n.OpType is "Sigmoid" or "Softmax" or "Tanh"))
        {
            NodeProto? quantize = emitted.Graph.Node.FirstOrDefault(n => n.OpType == "QuantizeLinear" && n.Input[0] == node.Output[0]);
            if (quantize is null || grids.Of(quantize) is not { } grid || !Has(grid)) continue;
            // The value has its name behind the pair where that is an output, else before it.
            HashSet<string> names =
                [node.Output[0], .. emitted.Graph.Node.Where(n => n.Input.Contains(quantize.Output[0])).Select(n => n.Output[0])];
            if (SourceOf(original, names, node.OpType) is not { } name) continue;
            // Bounded already, it is behind a Clip.
            if (model.Graph.Node.FirstOrDefault(n => Makes(n, node.OpType) && n.Output[0] == name) is not { } source) continue;
            string unbounded = $"unbounded {name}";
            source.Output[0] = unbounded;
            NodeProto clip = new() { OpType = "Clip", Input = { unbounded }, Output = { name } };
            clip.Input.Add([Scalar(model, grid.Low), Scalar(model, grid.High)]);
            model.Graph.Node.Insert(model.Graph.Node.IndexOf(source) + 1, clip);
        }

        return model.Graph.Node.Count == original.Model.Graph.Node.Count ? original : new Subject(model, original.Inputs);
    }

    /// <summary>
    /// What a node of the float model writes that makes a value, of a type; what only moves or repeats elements may be gone from the QDQ
    /// model.
    /// </summary>
    private static string? SourceOf(Subject original, HashSet<string> names, string type)
    {
        NodeProto[] nodes = [.. original.Model.Graph.Node];
        NodeProto? source = nodes.FirstOrDefault(n => names.Contains(n.Output[0]));
        while (source is not null && !Makes(source, type) && IsMoved(original, source))
            source = nodes.FirstOrDefault(n => n.Output.Contains(source.Input[0]));
        return source is not null && Makes(source, type) ? source.Output[0] : null;
    }

    /// <summary>Whether a node is of a type, or a layer with an activation of that type.</summary>
    private static bool Makes(NodeProto node, string type) =>
        node.OpType == type || node.Attribute.Any(a => a.Name == "activation" && a.S.ToStringUtf8() == type);

    /// <summary>Whether all that a node writes is among what it reads first.</summary>
    private static bool IsMoved(Subject original, NodeProto node) => node.Input.Count > 0 && original.Values.All(values =>
        values.TryGetValue(node.Input[0], out Tensor? read) && values.TryGetValue(node.Output[0], out Tensor? written)
        && Difference.Numbers(written).All(Difference.Numbers(read).ToHashSet().Contains));

    /// <summary>Whether a grid has the step of one that is prescribed.</summary>
    public static bool Has(Grid grid) => grid.Scale is 1f / 256 or 1f / 128;

    private static string Scalar(ModelProto model, float value)
    {
        string name = $"prescribed {model.Graph.Initializer.Count}";
        model.Graph.Initializer.Add(OnnxTensors.Write(name, Tensor.Scalar(value)));
        return name;
    }
}
