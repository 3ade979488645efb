using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Passes.Shrink;

/// <summary>
/// How much an error in one layer changes what the network computes, measured: the layer gets a weight with an error, all others
/// stay, and samples are run.
/// </summary>
internal static class OutputSensitivity
{
    private const int Samples = 16;

    /// <summary>Measures.</summary>
    /// <param name="graph">The graph; it is not changed.</param>
    /// <param name="layers">Layers, each with a weight [out, in·kh·kw] and a bias that err.</param>
    /// <param name="context">Names the data.</param>
    /// <returns>
    /// For each layer the squared change of the outputs as a share of their squares; before a last Softmax, which would hide
    /// how near to another class it gets.
    /// </returns>
    public static double[] Measure(
        Graph graph, IReadOnlyList<(Node Layer, RowMatrix Weight, float[] Bias)> layers, PassContext context)
    {
        using Calibrator calibrator = new(graph, context);
        int count = Math.Min(Samples, calibrator.Count);
        Tensor[][] samples = [.. Enumerable.Range(0, count).Select(i => calibrator.Sample(i, count))];
        List<string> outputs = [.. graph.Outputs.Select(o => o.Producer is { Type: "Softmax" } softmax ? softmax.Input(0).Name : o.Name)];
        using WorkerPool pool = new(Environment.ProcessorCount);
        Tensor[][] wanted = Run(graph.Clone());
        double[] result = new double[layers.Count];
        for (int l = 0; l < layers.Count; l++)
        {
            context.Progress?.Report(new Compilation.CompileProgress("decompose: sensitivity", l, layers.Count));
            (Node layer, RowMatrix weight, float[] bias) = layers[l];
            Graph copy = graph.Clone();
            Node changed = copy.Nodes.First(n => n.Output.Name == layer.Output.Name);
            if (OutputAffine.SetConstants(copy, changed, FactorGeometry.ToFloat(weight.Data), bias))
                result[l] = Difference(Run(copy), wanted);
        }

        return result;

        Tensor[][] Run(Graph run)
        {
            Interpreter interpreter = new(run, outputs.Select(o => run.Values.First(v => v.Name == o))) { Pool = pool };
            return [.. samples.Select(s => interpreter.Run(s, context.Cancellation))];
        }
    }

    private static double Difference(Tensor[][] actual, Tensor[][] wanted)
    {
        double result = 0;
        for (int o = 0; o < wanted[0].Length; o++)
        {
            double change = 0, size = 0;
            for (int s = 0; s < wanted.Length; s++)
            {
                if (wanted[s][o].Type != ElementType.Float32) continue;
                ReadOnlySpan<float> x = actual[s][o].Span<float>(), y = wanted[s][o].Span<float>();
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
