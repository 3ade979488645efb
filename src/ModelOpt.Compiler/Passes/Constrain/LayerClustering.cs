using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Compilation;
using ModelOpt.Compiler.Constraints;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Passes.Constrain;

/// <summary>Clusters one layer: chooses its values, gives each weight one of them, and says so in the weight's constraints.</summary>
internal sealed class LayerClustering
{
    // How strongly weights are drawn to what they were, in shares of the mean variance of the inputs: a little for numerical
    // stability, and the more the fewer positions there are for each weight to learn from.
    private const double Ridge = 0.3;
    private const double RidgePerUnknown = 2;

    // Inputs that hardly vary on the calibration data may do so later; their weights count for something all the same.
    private const double LeastImportance = 0.01;

    private readonly Graph graph;
    private readonly Node node;
    private readonly LayerMoments? moments;
    private readonly Tensor tensor;
    private readonly WeightConstraints constraints;
    private readonly LayerWeights layer;
    private readonly double ridge;

    /// <summary>Prepares for a layer.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="node">The layer, whose weight nobody else reads.</param>
    /// <param name="moments">What it sees and should give, or null.</param>
    public LayerClustering(Graph graph, Node node, LayerMoments? moments)
    {
        (this.graph, this.node, this.moments) = (graph, node, moments);
        tensor = node.Input(1).Constant!;
        constraints = node.Input(1).Constraints ?? new WeightConstraints();
        int perChannel = tensor.Count / tensor.Dims[0];
        double[][] importance = moments is null ? [CompensatedAssignment.Importance(new double[(perChannel + 1) * (perChannel + 1)], perChannel, 0)]
            : [.. Enumerable.Range(0, moments.Groups).Select(g => CompensatedAssignment.Importance(moments.Gram(g), perChannel, LeastImportance))];
        layer = new LayerWeights(tensor.Span<float>().ToArray(), tensor.Dims[0], constraints.Mask?.Zeros, importance);
        ridge = moments is null ? 0 : Ridge + (RidgePerUnknown * perChannel / moments.Count);
    }

    /// <summary>Clusters it into values that are integers in int8.</summary>
    /// <param name="clusters">K.</param>
    /// <param name="scope">Whether channels share their integers.</param>
    /// <param name="method">Where k-means starts.</param>
    /// <param name="seed">Where random choices start.</param>
    /// <param name="cancellation">Ends the work.</param>
    public void ToIntegers(int clusters, ClusterScope scope, ClusterInitialization method, int seed, CancellationToken cancellation)
    {
        EntropyConstrainedLloyd.Outcome outcome = IntegerClustering.Fit(layer, clusters, scope, method, seed, cancellation);
        (int[] integers, double[] fitted, float[]? bias) = (outcome.Assigned, outcome.Codebook.Scales, null);
        if (moments is not null)
        {
            CompensatedAssignment assignment = new(layer, moments.Groups, moments.Gram, Wanted, ridge);
            (integers, fitted, bias) = assignment.Run(outcome, cancellation);
        }

        float[] scales = [.. fitted.Select(s => (float)s)];
        Codebook codebook = new(clusters, scope,
            [.. outcome.Codebook.Levels.Select((l, c) => l.Select(q => q * scales[c]).ToArray())]);
        Set(constraints.With(new Quantization(ElementType.Int8, scales, new int[scales.Length], 0)).With(codebook),
            Tensor.Of<float>(tensor.Dims, [.. integers.Select((q, i) => q * scales[i / layer.PerChannel])]), bias);
    }

    /// <summary>Clusters it into values that stay floats.</summary>
    /// <param name="clusters">K.</param>
    /// <param name="scope">Whether channels share their values.</param>
    /// <param name="method">Where k-means starts.</param>
    /// <param name="seed">Where random choices start.</param>
    /// <param name="half">Whether they are to be float16's.</param>
    /// <param name="cancellation">Ends the work.</param>
    public void ToFloats(
        int clusters, ClusterScope scope, ClusterInitialization method, int seed, bool half, CancellationToken cancellation)
    {
        WeightConstraints clustered = constraints.With(
            new Codebook(clusters, scope, FloatClustering.Fit(layer, clusters, scope, method, seed, half)));
        if (moments is null || moments.Outputs != layer.Channels)
        {
            Set(clustered, clustered.Project(tensor), null);
            return;
        }

        (Tensor weight, float[] bias) = ConstrainedLeastSquares.Fit(tensor, moments, clustered, ridge, cancellation);
        Set(clustered, weight, bias);
    }

    private void Set(WeightConstraints result, Tensor weight, float[]? bias)
    {
        node.Input(1).Constant = weight;
        node.Input(1).Constraints = result;
        if (bias is null) return;
        Value value = graph.AddConstant(node.InputOrNull(2)?.Name ?? $"{node.Label}_bias", Tensor.Vector<float>(bias));
        node.SetInput(2, value);
    }

    /// <summary>
    /// The mean of y zᵀ of a group: y as the float model has it, or where channels of it are gone, as the layer itself has it.
    /// </summary>
    private double[] Wanted(int group)
    {
        if (moments!.Outputs == layer.Channels) return moments.Cross(group);
        int inputs = layer.PerChannel, n = inputs + 1, outputs = layer.Channels / moments.Groups;
        double[] gram = moments.Gram(group), wanted = new double[outputs * n];
        for (int o = 0; o < outputs; o++)
        {
            int channel = (group * outputs) + o;
            ReadOnlySpan<float> values = layer.Values(channel);
            double bias = node.InputOrNull(2)?.Constant!.Span<float>()[channel] ?? 0;
            for (int j = 0; j < n; j++)
            {
                double sum = bias * gram[(inputs * n) + j];
                for (int k = 0; k < inputs; k++) sum += values[k] * gram[(k * n) + j];
                wanted[(o * n) + j] = sum;
            }
        }

        return wanted;
    }
}
