namespace ModelOpt.Compiler.Options;

/// <summary>How calibration chooses the range of an activation.</summary>
internal enum CalibrationMethod
{
    /// <summary>The smallest and largest value seen.</summary>
    MinMax,

    /// <summary>The exponential moving average of each sample's minimum and maximum.</summary>
    MovingAverage,

    /// <summary>Cuts off 0.01 % at both ends.</summary>
    Percentile,

    /// <summary>The thresholds of least Kullback-Leibler divergence.</summary>
    Entropy,

    /// <summary>The thresholds of least mean squared error.</summary>
    Mse,
}

/// <summary>How sparsity is divided among layers.</summary>
internal enum SparsityDistribution
{
    /// <summary>Where it costs least; the share holds for all layers that take part together.</summary>
    Global,

    /// <summary>The same share in every layer.</summary>
    Uniform,
}

/// <summary>Which weights become zero.</summary>
internal enum PruningCriterion
{
    /// <summary>
    /// Those whose loss changes the layer's output least on the calibration data; the other weights compensate. Without calibration data,
    /// the smallest.
    /// </summary>
    SecondOrder,

    /// <summary>The smallest; the others stay as they are.</summary>
    Magnitude,
}

/// <summary>Where the search for cluster centroids starts.</summary>
internal enum ClusterInitialization
{
    /// <summary>Random weights, far from each other (k-means++).</summary>
    KMeansPlusPlus,

    /// <summary>Evenly between the smallest and the largest weight.</summary>
    Linear,

    /// <summary>Random weights.</summary>
    Random,

    /// <summary>Equally many weights between each two.</summary>
    Density,
}

/// <summary>Which integer a weight becomes.</summary>
internal enum WeightRounding
{
    /// <summary>The nearest.</summary>
    Nearest,

    /// <summary>Up or down, so that layers reproduce their targets (AdaRound, Nagel et al. 2020).</summary>
    Adaptive,
}

/// <summary>Unit of <see cref="LayerOptions.ChannelPruning"/>.</summary>
internal enum ChannelPruningTarget
{
    /// <summary>Multiply-accumulates.</summary>
    Macs,

    /// <summary>Bytes of the weights.</summary>
    Bytes,

    /// <summary>Time of one run on this machine; builds then differ from machine to machine.</summary>
    Latency,
}

/// <summary>How much a channel is worth.</summary>
internal enum ChannelScore
{
    /// <summary>
    /// The variance that it brings to the layers that read it; its mean goes into their biases. Without calibration data, L2.
    /// </summary>
    Activation,

    /// <summary>The sum of its weights' magnitudes.</summary>
    L1,

    /// <summary>The root of the sum of its weights' squares.</summary>
    L2,

    /// <summary>The sum of its distances to the other channels (filter pruning via geometric median, He et al. 2019).</summary>
    Fpgm,

    /// <summary>The magnitude of its batch normalization's scale (network slimming, Liu et al. 2017).</summary>
    BatchNormScale,
}

/// <summary>How many components a factorized layer keeps.</summary>
internal enum RankSelection
{
    /// <summary>Those of least error, over all layers, that meet the target.</summary>
    Budget,

    /// <summary>As many as stand out of the noise (empirical variational Bayes, Nakajima et al. 2013).</summary>
    Evbmf,
}

/// <summary>Options of a model, and of its layers that have none of their own. Null means the default.</summary>
internal record ModelOptions : LayerOptions
{
    /// <summary>How the ranges of activations are chosen.</summary>
    public CalibrationMethod? CalibrationMethod { get; init; }

    /// <summary>Which integer a weight becomes.</summary>
    public WeightRounding? Rounding { get; init; }

    /// <summary>Steps of <see cref="WeightRounding.Adaptive"/>.</summary>
    public int? RoundingSteps { get; init; }

    /// <summary>How sparsity is divided among layers.</summary>
    public SparsityDistribution? SparsityDistribution { get; init; }

    /// <summary>Which weights become zero.</summary>
    public PruningCriterion? PruningCriterion { get; init; }

    /// <summary>Where the search for cluster centroids starts.</summary>
    public ClusterInitialization? ClusterInitialization { get; init; }

    /// <summary>Unit of <see cref="LayerOptions.ChannelPruning"/>.</summary>
    public ChannelPruningTarget? ChannelPruningTarget { get; init; }

    /// <summary>How much a channel is worth.</summary>
    public ChannelScore? ChannelScore { get; init; }

    /// <summary>Numbers of channels are kept multiples of this.</summary>
    public int? ChannelMultiple { get; init; }

    /// <summary>How many components a factorized layer keeps.</summary>
    public RankSelection? RankSelection { get; init; }

    /// <summary>The targets that the compressed model is trained towards.</summary>
    public FineTuneMode? FineTune { get; init; }

    /// <summary>Passes over the training samples.</summary>
    public int? Epochs { get; init; }

    /// <summary>Which of the float model's values the compressed model learns.</summary>
    public Distillation? Distillation { get; init; }

    /// <summary>Divisor of class scores before they are compared.</summary>
    public int? Temperature { get; init; }

    /// <summary>How weights become zero during training.</summary>
    public PruningSchedule? PruningSchedule { get; init; }

    /// <summary>Passes over the training samples while weights become zero.</summary>
    public int? PruningEpochs { get; init; }

    /// <summary>First training step in which weights become zero, from 0.</summary>
    public int? PruningBegin { get; init; }

    /// <summary>Training step in which the last weights become zero.</summary>
    public int? PruningEnd { get; init; }

    /// <summary>Steps from one choice of zeros to the next.</summary>
    public int? PruningFrequency { get; init; }

    /// <summary>Number of epochs without improvement after which training stops.</summary>
    public int? EarlyStop { get; init; }

    /// <summary>The largest learning rate, relative to the size of the weights.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Samples of a training step.</summary>
    public int? BatchSize { get; init; }

    /// <summary>How weights follow their gradients.</summary>
    public OptimizerKind? Optimizer { get; init; }

    /// <summary>How the learning rate changes.</summary>
    public LearningRateSchedule? LearningRateSchedule { get; init; }

    /// <summary>How training images are varied.</summary>
    public Augmentation? Augmentation { get; init; }

    /// <summary>Largest move of an image, as a share of its height and width.</summary>
    public double? AugmentationShift { get; init; }

    /// <summary>
    /// The states of a recurrent model, each <c>INPUT:OUTPUT</c>: what the output gives is the input of the next call.
    /// </summary>
    public IReadOnlyList<string>? State { get; init; }

    /// <summary>Random seed.</summary>
    public int? Seed { get; init; }

    /// <summary>These options, and where they say nothing, others.</summary>
    /// <param name="fallback">The values for null properties.</param>
    public ModelOptions Over(ModelOptions fallback)
    {
        var result = new ModelOptions();
        foreach (OptionDescription option in OptionCatalog.OfRecipes)
        {
            if ((option.Of(this) ?? option.Of(fallback)) is { } value) result = option.In(result, value);
        }

        return result;
    }
}
