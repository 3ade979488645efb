using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Techniques.Quantize;

namespace ModelOpt.Compiler.Techniques.Channels;

/// <summary>
/// Lets the layers after removed channels compensate for them: fits each to the float model's layer from its remaining inputs (He et al.,
/// "Channel Pruning for Accelerating Very Deep Neural Networks", 2017, the second step); the mean of the removed inputs goes into the
/// bias. Later layers see earlier ones refitted.
/// </summary>
internal static class ChannelReconstruction
{
    /// <summary>How strongly weights are pulled to their old values, as a share of the mean variance of their inputs.</summary>
    private const double Ridge = 1e-2;

    private const double RidgePerInput = 0.1;

    // Of float32, whose rounding layers add up: the square of the error's share of an output.
    private const double Rounding = 1e-10;
    private const int MostSamples = 16;

    /// <summary>Lets the float model give, under the names of the pruned graph's values, the channels that these have left.</summary>
    /// <param name="kept">The channels that stay, by value name.</param>
    public static void Narrow(Graph reference, IReadOnlyDictionary<string, int[]> kept)
    {
        foreach (Node node in reference.Nodes.ToArray())
        {
            foreach (Value value in node.Outputs.OfType<Value>())
            {
                if (!kept.TryGetValue(value.Name, out int[]? channels)) continue;
                string name = value.Name;
                value.Name = reference.UniqueName($"{name}_all");
                Value indices = reference.AddConstant($"{name}_kept", Tensor.Vector<long>([.. channels.Select(c => (long)c)]));
                Node gather = new("Gather", "", [value, indices], [new Value(name)]);
                gather.Attributes["axis"] = 1L;
                reference.InsertAfter(node, gather);
            }
        }

        ShapeInference.Run(reference);
    }

    /// <summary>Refits the layers whose inputs have changed.</summary>
    /// <param name="kept">The channels that stay, by value name.</param>
    /// <param name="context">Names the data, and the float model, narrowed.</param>
    public static void Apply(Graph graph, IReadOnlyDictionary<string, int[]> kept, PassContext context)
    {
        HashSet<Value> changed = [];
        List<Node> layers = [];
        foreach (Node node in graph.Nodes)
        {
            if (!node.Inputs.OfType<Value>().Any(v => changed.Contains(v) || kept.ContainsKey(v.Name))) continue;
            changed.UnionWith(node.Outputs.OfType<Value>());
            if (ChannelRules.IsLayer(node)) layers.Add(node);
        }

        layers.RemoveAll(Unharmed(graph, layers, context).Contains);
        if (layers.Count == 0) return;
        HashSet<Node> touched = [.. layers];
        LayerStages.Run(
            graph, [.. SharedWeights.First(layers).Where(l => SharedWeights.LayersOf(l).All(touched.Contains))], context, "reconstruct",
            Fit, Fit);

        void Fit(Node layer, LayerMoments moments)
        {
            (Tensor weight, float[] bias) = ConstrainedLeastSquares.Fit(
                layer.Input(1).Constant!, moments, new(), moments.RidgeOf(Ridge, RidgePerInput), context.Workers);
            SharedWeights.SetConstants(graph, layer, weight.Span<float>().ToArray(), bias);
        }
    }

    /// <summary>
    /// The layers that give what the float model's give, as the channels that are gone were zero. They have nothing to compensate, and
    /// moments of inputs that hardly vary beside their means would move them by the rounding of sums.
    /// </summary>
    private static HashSet<Node> Unharmed(Graph graph, IReadOnlyList<Node> layers, PassContext context)
    {
        using Calibrator calibrator = new(graph, context);
        Dictionary<string, Value> originals = context.Reference!.Values.Where(v => !v.IsConstant)
            .ToDictionary(v => v.Name, StringComparer.Ordinal);
        Node[] compared = [.. layers.Where(l => originals.ContainsKey(l.Output.Name))];
        Interpreter original = new(context.Reference, compared.Select(l => originals[l.Output.Name])) { Pool = context.Pool };
        Interpreter pruned = new(graph, compared.Select(l => l.Output)) { Pool = context.Pool };
        HashSet<Node> unharmed = [.. compared];
        int count = Math.Min(MostSamples, calibrator.Count);
        for (int s = 0; s < count && unharmed.Count > 0; s++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            Tensor[] sample = calibrator.Sample(s, count);
            Tensor[] wanted = original.Run(sample, context.Cancellation), got = pruned.Run(sample, context.Cancellation);
            for (int i = 0; i < compared.Length; i++)
            {
                if (!wanted[i].Dims.SequenceEqual(got[i].Dims)
                    || OutputLoss.Share(wanted[i].Span<float>(), got[i].Span<float>()) > Rounding)
                    unharmed.Remove(compared[i]);
            }
        }

        return unharmed;
    }
}
