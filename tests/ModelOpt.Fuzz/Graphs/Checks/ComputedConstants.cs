using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Fuzz.Graphs.Checks;

/// <summary>
/// Float constants that a model computes, such as a Range: the compiler folds them, and rounds them as it rounds those of the file.
/// </summary>
internal static class ComputedConstants
{
    /// <summary>Makes an initializer of each that a node reads which is no constant itself.</summary>
    /// <param name="model">The model, which is changed.</param>
    /// <param name="values">All that it computes of a sample, by name.</param>
    public static void Fold(ModelProto model, IReadOnlyDictionary<string, Tensor> values)
    {
        HashSet<string> constants = [.. model.Graph.Initializer.Select(i => i.Name), ""];
        NodeProto[] folded = [.. model.Graph.Node.Where(node =>
        {
            bool isFolded = IsFolded(node, constants);
            if (isFolded) constants.UnionWith(node.Output);
            return isFolded;
        })];
        HashSet<string> read = [.. model.Graph.Node.Except(folded).SelectMany(n => n.Input)];
        foreach (NodeProto node in folded)
        {
            for (int i = 0; i < node.Output.Count; i++)
            {
                string name = node.Output[i];
                if (!read.Contains(name) || values.GetValueOrDefault(name) is not { Type: ElementType.Float32 } value) continue;
                node.Output[i] = $"computed {name}";
                model.Graph.Initializer.Add(OnnxTensors.Write(name, value));
            }
        }
    }

    private static bool IsFolded(NodeProto node, HashSet<string> constants) => node.OpType switch
    {
        // They read nothing but sizes.
        "Shape" or "Size" or "EyeLike" => true,
        "CastLike" => constants.Contains(node.Input[0]),
        // What a body reads is no input.
        _ => node.Input.All(constants.Contains) && node.Attribute.All(a => a.G is null),
    };
}
