using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Compiler.Operators.Contract;
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

    private readonly Graph _graph;
    private readonly LayerWeight _weight;
    private readonly LayerMoments? _moments;
    private readonly Tensor _tensor;
    private readonly WeightConstraints _constraints;
    private readonly LayerWeights _layer;
    private readonly double _ridge;
    private readonly int _axis;
    private EntropyConstrainedLloyd.Outcome? _integers;

    /// <summary>Prepares for a layer.</summary>
    /// <param name="weight">A weight that nobody else reads.</param>
    /// <param name="moments">Moments of its layer's input and target output, or null.</param>
    public LayerClustering(Graph graph, LayerWeight weight, LayerMoments? moments)
    {
        (_graph, _weight, _moments) = (graph, weight, moments);
        _tensor = weight.Value.Constant!;
        _constraints = weight.Value.Constraints ?? new WeightConstraints();
        // A MatMul has one scale for its whole matrix. So have two directions, which would share the scale of each channel.
        _axis = weight.Axis > 0 && _tensor.Dims[0] > 1 ? -1 : weight.Axis;
        int channels = _axis < 0 ? 1 : weight.Dims[0], perChannel = _tensor.Count / channels;
        double[][] importance = moments is null ? [[.. Enumerable.Repeat(1.0, perChannel)]]
            : [.. Enumerable.Range(0, moments.Groups)
                .Select(g => CompensatedAssignment.Importance(moments.Gram(g), perChannel, LeastImportance))];
        _layer = new LayerWeights(_tensor.Span<float>().ToArray(), channels, _constraints.Mask?.Zeros, importance);
        _ridge = moments?.RidgeOf(Ridge, RidgePerInput) ?? 0;
    }

    /// <summary>Clusters it into values that are integers in int8.</summary>
    public void ToIntegers(int clusters, ClusterScope scope, ClusterInitialization method, int seed, Workers workers)
    {
        _integers = IntegerClustering.Fit(_layer, clusters, scope, method, seed, workers);
        SetIntegers(clusters, scope, _moments is null ? null : Assign(_moments, workers));
    }

    /// <summary>Clusters it into values that stay floats.</summary>
    /// <param name="half">Whether they are to be float16's.</param>
    public void ToFloats(
        int clusters, ClusterScope scope, ClusterInitialization method, int seed, bool half, Workers workers)
    {
        WeightConstraints clustered = _constraints.With(
            new Codebook(clusters, scope, FloatClustering.Fit(_layer, clusters, scope, method, seed, half, workers)));
        if (_moments is null) Set(clustered, clustered.Project(_tensor), null);
        else Fit(clustered, _moments, workers);
    }

    /// <summary>Reassigns weights to the values that fit the layer's target as it is known by now.</summary>
    public void Refine(LayerMoments again, Workers workers)
    {
        WeightConstraints clustered = _weight.Value.Constraints!;
        if (_integers is null) Fit(clustered, again, workers);
        else SetIntegers(clustered.Codebook!.Clusters, clustered.Codebook.Scope, Assign(again, workers));
    }

    private void Fit(WeightConstraints clustered, LayerMoments known, Workers workers)
    {
        (Tensor weight, float[] bias) = ConstrainedLeastSquares.Fit(_tensor, known, clustered, _ridge, workers);
        Set(clustered, weight, bias);
    }

    /// <summary>Assigns the integers so that errors compensate each other.</summary>
    /// <returns>The bias that goes with them.</returns>
    private float[] Assign(LayerMoments known, Workers workers)
    {
        CompensatedAssignment assignment = new(_layer, known.Groups, known.Gram, known.Cross, _ridge);
        (int[] assigned, double[] scales, float[] bias) = assignment.Run(_integers!, workers);
        _integers = _integers! with
        {
            Assigned = assigned, Bits = EntropyConstrainedLloyd.BitsOf(assigned), Codebook = _integers.Codebook with { Scales = scales },
        };
        return bias;
    }

    private void SetIntegers(int clusters, ClusterScope scope, float[]? bias)
    {
        float[] scales = [.. _integers!.Codebook.Scales.Select(s => (float)s)];
        Codebook codebook = new(clusters, scope, [.. _integers.Codebook.Levels.Select((l, c) => l.Select(q => q * scales[c]).ToArray())]);
        Set(_constraints.With(new Quantization(ElementType.Int8, scales, new int[scales.Length], _axis)).With(codebook),
            Tensor.Of<float>(_tensor.Dims, [.. _integers.Assigned.Select((q, i) => q * scales[i / _layer.PerChannel])]), bias);
    }

    private void Set(WeightConstraints result, Tensor weight, float[]? bias)
    {
        _weight.Value.Constant = weight;
        _weight.Value.Constraints = result;
        if (bias is not null) SharedWeights.SetBias(_graph, _weight.Node, bias);
    }
}
