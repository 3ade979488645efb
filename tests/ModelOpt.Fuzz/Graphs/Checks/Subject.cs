using Microsoft.ML.OnnxRuntime;

namespace ModelOpt.Fuzz.Graphs.Checks;

/// <summary>A model with its samples, and what ONNX Runtime computes of them: every value of every node.</summary>
internal sealed class Subject
{
    /// <summary>Evaluates a model.</summary>
    /// <param name="samples">The samples; null to draw them.</param>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime refuses it.</exception>
    public Subject(ModelProto model, IReadOnlyList<IReadOnlyDictionary<string, Tensor>>? samples = null)
    {
        Model = model;
        Inputs = samples ?? Samples.Draw(model);
        Outputs = [.. model.Graph.Output.Select(o => o.Name)];
        using Reference reference = new(model, everyValue: true);
        Values = [.. Inputs.Select(reference.Run)];
        foreach ((IReadOnlyDictionary<string, Tensor> input, Dictionary<string, Tensor> values) in Inputs.Zip(Values))
            foreach ((string name, Tensor tensor) in input) values.TryAdd(name, tensor);
    }

    public ModelProto Model { get; }

    /// <summary>For each sample, the inputs by name.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, Tensor>> Inputs { get; }

    /// <summary>The names of the model's outputs.</summary>
    public string[] Outputs { get; }

    /// <summary>For each sample, all values by name; constants are not among them.</summary>
    public Dictionary<string, Tensor>[] Values { get; }

    /// <summary>Whether all values are numbers that anyone computes with.</summary>
    public bool IsTame => Values.All(v => v.Values.All(t => t.Type != ElementType.Float32
        || t.Span<float>().ToArray().All(x => float.IsFinite(x) && MathF.Abs(x) < 1e5f)));
}
