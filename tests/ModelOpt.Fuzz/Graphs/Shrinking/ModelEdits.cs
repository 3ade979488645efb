using ModelOpt.Compiler.Onnx;
using ModelOpt.Fuzz.Graphs.Checks;

namespace ModelOpt.Fuzz.Graphs.Shrinking;

/// <summary>Ways to make a model smaller. Not all results are valid models: ONNX Runtime says which.</summary>
internal static class ModelEdits
{
    /// <summary>All kinds of edits, those that take most away first.</summary>
    public static IReadOnlyList<Func<Subject, IEnumerable<ModelProto>>> All { get; } =
        [Living, OneOutput, EndEarlier, BeginLater, Bypassed, FewerOutputs, WithoutOptional, SmallerSizes.Of];

    /// <summary>The model without what no output needs.</summary>
    public static ModelProto WithoutDead(ModelProto model)
    {
        model = model.Clone();
        GraphProto graph = model.Graph;
        HashSet<string> needed = [.. graph.Output.Select(o => o.Name)];
        foreach (NodeProto node in graph.Node.Reverse().ToArray())
        {
            if (node.Output.Any(needed.Contains)) needed.UnionWith(node.Input);
            else graph.Node.Remove(node);
        }

        foreach (TensorProto constant in graph.Initializer.Where(i => !needed.Contains(i.Name)).ToArray())
            graph.Initializer.Remove(constant);
        foreach (ValueInfoProto input in graph.Input.Where(i => !needed.Contains(i.Name)).ToArray()) graph.Input.Remove(input);
        return model;
    }

    private static IEnumerable<ModelProto> Living(Subject subject)
    {
        ModelProto living = WithoutDead(subject.Model);
        if (!living.Equals(subject.Model)) yield return living;
    }

    private static IEnumerable<ModelProto> OneOutput(Subject subject)
    {
        foreach (ValueInfoProto output in subject.Model.Graph.Output.Count > 1 ? subject.Model.Graph.Output : [])
            yield return With(subject.Model, m => m.Graph.Output.Clear(), m => m.Graph.Output.Add(output));
    }

    private static IEnumerable<ModelProto> FewerOutputs(Subject subject)
    {
        for (int i = 0; subject.Model.Graph.Output.Count > 1 && i < subject.Model.Graph.Output.Count; i++)
            yield return With(subject.Model, m => m.Graph.Output.RemoveAt(i));
    }

    /// <summary>An output is taken from an earlier node; early ones first.</summary>
    private static IEnumerable<ModelProto> EndEarlier(Subject subject)
    {
        if (subject.Model.Graph.Output.Count != 1) yield break;
        foreach (NodeProto node in subject.Model.Graph.Node.SkipLast(1))
        {
            foreach (string output in node.Output.Where(o => IsFloat(subject, o)))
                yield return With(subject.Model, m => m.Graph.Output.Clear(), m => m.Graph.Output.Add(Info(subject, output)));
        }
    }

    /// <summary>What a node computes is an input instead; late ones first.</summary>
    private static IEnumerable<ModelProto> BeginLater(Subject subject)
    {
        for (int i = subject.Model.Graph.Node.Count - 1; i >= 0; i--)
        {
            NodeProto node = subject.Model.Graph.Node[i];
            if (!node.Output.All(o => IsFloat(subject, o)) || node.Output.Any(o => subject.Outputs.Contains(o))) continue;
            yield return With(subject.Model, m => m.Graph.Node.RemoveAt(i), m =>
            {
                foreach (string output in node.Output)
                {
                    m.Graph.Input.Add(Info(subject, output));
                    float[] values = [.. subject.Values.SelectMany(v => v[output].Span<float>().ToArray())];
                    Samples.SetRange(m, output, values.DefaultIfEmpty().Min(), values.DefaultIfEmpty().Max());
                }
            });
        }
    }

    /// <summary>A node's readers read what it reads, where that has the same sizes.</summary>
    private static IEnumerable<ModelProto> Bypassed(Subject subject)
    {
        for (int i = 0; i < subject.Model.Graph.Node.Count; i++)
        {
            NodeProto node = subject.Model.Graph.Node[i];
            if (node.OpType is "QuantizeLinear" or "DequantizeLinear") continue;
            string output = node.Output[0];
            foreach (string input in node.Input.Where(n => IsFloat(subject, n) && IsFloat(subject, output)
                && subject.Values[0][n].Dims.SequenceEqual(subject.Values[0][output].Dims)))
            {
                if (subject.Outputs.Contains(output)) continue;
                yield return With(subject.Model, m => m.Graph.Node.RemoveAt(i), m =>
                {
                    foreach (NodeProto reader in m.Graph.Node)
                        for (int j = 0; j < reader.Input.Count; j++)
                            if (reader.Input[j] == output) reader.Input[j] = input;
                });
            }
        }
    }

    /// <summary>Without a bias, and without initializers among the inputs.</summary>
    private static IEnumerable<ModelProto> WithoutOptional(Subject subject)
    {
        HashSet<string> fed = [.. Samples.Fed(subject.Model).Select(i => i.Name)];
        if (fed.Count < subject.Model.Graph.Input.Count)
        {
            yield return With(subject.Model, m =>
            {
                foreach (ValueInfoProto input in m.Graph.Input.Where(i => !fed.Contains(i.Name)).ToArray()) m.Graph.Input.Remove(input);
            });
        }

        for (int i = 0; i < subject.Model.Graph.Node.Count; i++)
        {
            if (subject.Model.Graph.Node[i] is { OpType: "Conv" or "ConvTranspose" or "Gemm", Input.Count: 3 })
                yield return With(subject.Model, m => m.Graph.Node[i].Input.RemoveAt(2));
            for (int a = 0; a < subject.Model.Graph.Node[i].Attribute.Count; a++)
                yield return With(subject.Model, m => m.Graph.Node[i].Attribute.RemoveAt(a));
        }
    }

    private static ModelProto With(ModelProto model, params Action<ModelProto>[] edits)
    {
        model = model.Clone();
        foreach (Action<ModelProto> edit in edits) edit(model);
        return WithoutDead(model);
    }

    private static bool IsFloat(Subject subject, string name) =>
        subject.Values[0].TryGetValue(name, out Tensor? tensor) && tensor.Type == ElementType.Float32;

    private static ValueInfoProto Info(Subject subject, string name)
    {
        Tensor value = subject.Values[0][name];
        bool isOpen = Samples.Fed(subject.Model).Any(i => OnnxTypes.Read(i).Shape is [{ IsKnown: false }, ..]);
        return OnnxTypes.Write(name, value.Type,
            new Shape(value.Dims.ToArray().Select((d, i) => i == 0 && d == 1 && isOpen ? new Dim(-1, "N") : new Dim(d))));
    }
}
