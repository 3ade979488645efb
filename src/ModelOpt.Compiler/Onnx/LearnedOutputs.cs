using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Onnx.Rewrites.Learned;

namespace ModelOpt.Compiler.Onnx;

/// <summary>
/// Makes tensors of numbers of what classifiers of ai.onnx.ml return: probabilities, which a ZipMap puts in a list of maps by label, stay
/// a tensor; labels that are text become positions among them.
/// </summary>
internal static class LearnedOutputs
{
    private const int MostNamed = 20;

    /// <summary>Changes a model.</summary>
    /// <param name="graph">Takes the remarks that say what changed.</param>
    public static void Apply(ModelProto model, Graph graph)
    {
        if (!model.Graph.Node.Any(n => n.Domain == LearnedRewrite.MachineLearning)) return;
        Dictionary<string, ValueInfoProto> outputs = new(StringComparer.Ordinal);
        foreach (ValueInfoProto output in model.Graph.Output) outputs.TryAdd(output.Name, output);
        HashSet<string> positions = new(StringComparer.Ordinal);
        foreach (NodeProto node in model.Graph.Node)
        {
            bool isLearned = node.Domain == LearnedRewrite.MachineLearning;
            if (isLearned && node.OpType == "ZipMap" && node.Output.Count == 1)
            {
                if (outputs.TryGetValue(node.Output[0], out ValueInfoProto? output)) output.Type = null;
                graph.Remarks.Add(OnnxDiagnostics.TensorOfMap.At(null, null, node.Output[0], Labels(node)));
                node.OpType = "Identity";
                node.Domain = "";
                node.Attribute.Clear();
            }
            else if (node.Output.Count > 0)
            {
                bool isNamed = isLearned && node.Attribute.Any(a => a.Name == "classlabels_strings" && a.Strings.Count > 0);
                if (isNamed || (node.OpType == "Identity" && node.Input.Any(positions.Contains))) positions.Add(node.Output[0]);
            }
        }

        foreach (ValueInfoProto info in model.Graph.Output.Concat(model.Graph.ValueInfo).Where(v => positions.Contains(v.Name)))
        {
            if (info.Type?.TensorType is { ElemType: (int)ElementType.String } tensor) tensor.ElemType = (int)ElementType.Int64;
        }
    }

    private static string Labels(NodeProto node)
    {
        string[] labels = [.. node.Attribute.SelectMany(
            a => a.Ints.Select(i => $"{i}").Concat(a.Strings.Select(s => $"'{s.ToStringUtf8()}'")))];
        return string.Join(", ", labels.Take(MostNamed)) + (labels.Length > MostNamed ? $" and {labels.Length - MostNamed} more" : "");
    }
}
