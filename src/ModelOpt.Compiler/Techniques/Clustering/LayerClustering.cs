using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Clustering;

/// <summary>Clusters one layer: chooses its values, gives each weight one of them, and says so in the weight's constraints.</summary>
internal sealed class LayerClustering
{
    // How strongly weights are pulled to their old values.
    private const double Ridge = 0.3, RidgePerInput = 2;

    // Inputs that hardly vary on the calibration data may do so later; their weights count for something all the same.
    private const double LeastImportance = 0.01;

    private readonly Graph graph;
    private readonly Node node;
    private readonly LayerMoments? moments;
    private readonly Tensor tensor;
    private readonly WeightConstraints constraints;
    private readonly LayerWeights layer;
    private readonly double ridge;
    private readonly bool isWhole;
    private EntropyConstrainedLloyd.Outcome? integers;

    /// <summary>Prepares for a layer.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="node">The layer, whose weight nobody else reads.</param>
    /// <param name="moments">Moments of its input and target output, or null.</param>
    public LayerClustering(Graph graph, Node node, LayerMoments? moments)
    {
        (this.graph, this.node, this.moments) = (graph, node, moments);
        tensor = node.Input(1).Constant!;
        constraints = node.Input(1).Constraints ?? new WeightConstraints();
        // A MatMul has one scale for its whole matrix.
        isWhole = node.Type == "MatMul";
        int channels = isWhole ? 1 : tensor.Dims[0], perChannel = tensor.Count / channels;
        double[][] importance = moments is null ? [[.. Enumerable.Repeat(1.0, perChannel)]]
            : [.. Enumerable.Range(0, moments.Groups).Select(g => CompensatedAssignment.Importance(moments.Gram(g), perChannel, LeastImportance))];
        layer = new LayerWeights(tensor.Span<float>().ToArray(), channels, constraints.Mask?.Zeros, importance);
        ridge = moments?.RidgeOf(Ridge, RidgePerInput) ?? 0;
    }

    /// <summary>Clusters it into values that are integers in int8.</summary>
    /// <param name="clusters">K.</param>
    /// <param name="scope">Whether channels share their integers.</param>
    /// <param name="method">Where k-means starts.</param>
    /// <param name="seed">Where random choices start.</param>
    /// <param name="workers">The threads.</param>
    public void ToIntegers(int clusters, ClusterScope scope, ClusterInitialization method, int seed, Workers workers)
    {
        integers = IntegerClustering.Fit(layer, clusters, scope, method, seed, workers);
        SetIntegers(clusters, scope, moments is null ? null : Assign(moments, workers));
    }

    /// <summary>Clusters it into values that stay floats.</summary>
    /// <param name="clusters">K.</param>
    /// <param name="scope">Whether channels share their values.</param>
    /// <param name="method">Where k-means starts.</param>
    /// <param name="seed">Where random choices start.</param>
    /// <param name="half">Whether they are to be float16's.</param>
    /// <param name="workers">The threads.</param>
    public void ToFloats(
        int clusters, ClusterScope scope, ClusterInitialization method, int seed, bool half, Workers workers)
    {
        WeightConstraints clustered = constraints.With(
            new Codebook(clusters, scope, FloatClustering.Fit(layer, clusters, scope, method, seed, half, workers)));
        if (moments is null) Set(clustered, clustered.Project(tensor), null);
        else Fit(clustered, moments, workers);
    }

    /// <summary>Reassigns weights to the values that fit the layer's target as it is known by now.</summary>
    /// <param name="again">Moments of the same inputs.</param>
    /// <param name="workers">The threads.</param>
    public void Refine(LayerMoments again, Workers workers)
    {
        WeightConstraints clustered = node.Input(1).Constraints!;
        if (integers is null) Fit(clustered, again, workers);
        else SetIntegers(clustered.Codebook!.Clusters, clustered.Codebook.Scope, Assign(again, workers));
    }

    private void Fit(WeightConstraints clustered, LayerMoments known, Workers workers)
    {
        (Tensor weight, float[] bias) = ConstrainedLeastSquares.Fit(tensor, known, clustered, ridge, workers);
        Set(clustered, weight, bias);
    }

    /// <summary>Assigns the integers so that errors compensate each other.</summary>
    /// <returns>The bias that goes with them.</returns>
    private float[] Assign(LayerMoments known, Workers workers)
    {
        CompensatedAssignment assignment = new(layer, known.Groups, known.Gram, known.Cross, ridge);
        (int[] assigned, double[] scales, float[] bias) = assignment.Run(integers!, workers);
        integers = integers! with
        {
            Assigned = assigned, Bits = EntropyConstrainedLloyd.BitsOf(assigned), Codebook = integers.Codebook with { Scales = scales },
        };
        return bias;
    }

    private void SetIntegers(int clusters, ClusterScope scope, float[]? bias)
    {
        float[] scales = [.. integers!.Codebook.Scales.Select(s => (float)s)];
        Codebook codebook = new(clusters, scope, [.. integers.Codebook.Levels.Select((l, c) => l.Select(q => q * scales[c]).ToArray())]);
        Set(constraints.With(new Quantization(ElementType.Int8, scales, new int[scales.Length], isWhole ? -1 : 0)).With(codebook),
            Tensor.Of<float>(tensor.Dims, [.. integers.Assigned.Select((q, i) => q * scales[i / layer.PerChannel])]), bias);
    }

    private void Set(WeightConstraints result, Tensor weight, float[]? bias)
    {
        node.Input(1).Constant = weight;
        node.Input(1).Constraints = result;
        if (bias is not null) SharedWeights.SetBias(graph, node, bias);
    }
}
