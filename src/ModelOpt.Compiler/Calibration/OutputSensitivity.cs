using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Calibration;

/// <summary>
/// Measures how much an error in one layer changes the network's outputs: gives the layer a weight with an error and runs samples.
/// </summary>
internal static class OutputSensitivity
{
    private const int Samples = 16;

    /// <summary>Measures.</summary>
    /// <param name="graph">The graph; it is not changed.</param>
    /// <param name="layers">Layers in graph order, each with a weight of the same size and a bias that err.</param>
    /// <returns>
    /// For each layer the squared change of the outputs as a share of their squares; before a last Softmax, which would hide
    /// how near to another class it gets.
    /// </returns>
    public static double[] Measure(
        Graph graph, IReadOnlyList<(Node Layer, float[] Weight, float[] Bias)> layers, PassContext context, string phase)
    {
        Graph copy = graph.Clone();
        using Calibrator calibrator = new(copy, context);
        int count = Math.Min(Samples, calibrator.Count);
        SampleFront front = new(copy, count, i => calibrator.Sample(i, count));
        HashSet<Value> outputs = [.. Scores(copy)];
        Dictionary<string, Node> nodes = copy.Nodes.ToDictionary(n => n.Output.Name, StringComparer.Ordinal);
        Dictionary<Value, Tensor>[] wanted = Run([]);
        return [.. layers.Select((layer, i) =>
        {
            context.Progress?.Report(new CompileProgress(phase, i, layers.Count));
            Node node = nodes[layer.Layer.Output.Name];
            Value[] constants = [.. node.Inputs.Skip(1).OfType<Value>()];
            if (!OutputAffine.SetConstants(copy, node, layer.Weight, layer.Bias)) return 0;
            double change = Difference(Run([node]), wanted);
            for (int c = 0; c < constants.Length; c++) node.SetInput(c + 1, constants[c]);
            if (constants.Length < 2) node.SetInput(2, null);
            return change;
        })];

        Dictionary<Value, Tensor>[] Run(Node[] changed)
        {
            Dictionary<Value, Tensor>[] results = [.. Enumerable.Range(0, count).Select(_ => new Dictionary<Value, Tensor>())];
            int sample = 0;
            front.MoveTo(changed, outputs, context.Pool, (value, tensor) => results[sample][value] = tensor);
            for (; sample < count; sample++) front.Run(sample, context.Cancellation);
            return results;
        }
    }

    /// <summary>
    /// The graph's float32 outputs, before a last Softmax: where the model is sure, logits move but probabilities hardly do.
    /// </summary>
    public static IEnumerable<Value> Scores(Graph graph) => graph.Outputs.Where(o => o.Type == ElementType.Float32)
        .Select(o => o.Producer is { Type: "Softmax" } softmax ? softmax.Input(0) : o);

    private static double Difference(Dictionary<Value, Tensor>[] actual, Dictionary<Value, Tensor>[] wanted)
    {
        double result = 0;
        foreach (Value output in wanted[0].Keys)
        {
            double change = 0, size = 0;
            for (int s = 0; s < wanted.Length; s++)
            {
                ReadOnlySpan<float> x = actual[s][output].Span<float>(), y = wanted[s][output].Span<float>();
                for (int i = 0; i < y.Length; i++)
                {
                    change += (double)(x[i] - y[i]) * (x[i] - y[i]);
                    size += (double)y[i] * y[i];
                }
            }

            if (size > 0) result += change / size;
        }

        return result;
    }
}
