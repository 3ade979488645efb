namespace ModelOpt.Compiler.Options;

/// <summary>How the range of an activation is chosen from what calibration saw.</summary>
public enum CalibrationMethod
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
public enum SparsityDistribution
{
    /// <summary>Where it costs least; the share holds for all layers that take part together.</summary>
    Global,

    /// <summary>The same share in every layer.</summary>
    Uniform,
}

/// <summary>Which weights become zero.</summary>
public enum PruningCriterion
{
    /// <summary>
    /// Those whose loss changes the layer's output least, on the calibration data, and the others make up for them; without
    /// calibration data, those of least magnitude.
    /// </summary>
    SecondOrder,

    /// <summary>Those of least magnitude; the others stay as they are.</summary>
    Magnitude,
}

/// <summary>Where the search for cluster centroids starts.</summary>
public enum ClusterInitialization
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
public enum WeightRounding
{
    /// <summary>The nearest.</summary>
    Nearest,

    /// <summary>That below or that above, as fits what layers should give (AdaRound, Nagel et al. 2020).</summary>
    Adaptive,
}

/// <summary>Of what channel pruning removes a share.</summary>
public enum ChannelPruningTarget
{
    /// <summary>Multiply-accumulates.</summary>
    Macs,

    /// <summary>Bytes of the weights.</summary>
    Bytes,

    /// <summary>Time of one run on this machine; builds then differ from machine to machine.</summary>
    Latency,
}

/// <summary>How much a channel is worth.</summary>
public enum ChannelScore
{
    /// <summary>The variance that it brings to the layers that read it, as its mean goes into their biases; without calibration data, L2.</summary>
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
public enum RankSelection
{
    /// <summary>Those of least error, over all layers, that meet the target.</summary>
    Budget,

    /// <summary>As many as stand out of the noise (empirical variational Bayes, Nakajima et al. 2013).</summary>
    Evbmf,
}

/// <summary>What is done to a model, and to those of its layers of which nothing else is said. Null stands for the default.</summary>
public record ModelOptions : LayerOptions
{
    /// <summary>Options that say nothing.</summary>
    public ModelOptions()
    {
    }

    private ModelOptions(LayerOptions layer)
        : base(layer)
    {
    }

    /// <summary>How the ranges of activations are chosen.</summary>
    public CalibrationMethod? CalibrationMethod { get; init; }

    /// <summary>Which integer a weight becomes.</summary>
    public WeightRounding? Rounding { get; init; }

    /// <summary>In how many steps <see cref="WeightRounding.Adaptive"/> is learnt.</summary>
    public int? RoundingSteps { get; init; }

    /// <summary>How sparsity is divided among layers.</summary>
    public SparsityDistribution? SparsityDistribution { get; init; }

    /// <summary>Which weights become zero.</summary>
    public PruningCriterion? PruningCriterion { get; init; }

    /// <summary>Where the search for cluster centroids starts.</summary>
    public ClusterInitialization? ClusterInitialization { get; init; }

    /// <summary>Of what <see cref="LayerOptions.ChannelPruning"/> is a share.</summary>
    public ChannelPruningTarget? ChannelPruningTarget { get; init; }

    /// <summary>How much a channel is worth.</summary>
    public ChannelScore? ChannelScore { get; init; }

    /// <summary>Numbers of channels are kept multiples of this.</summary>
    public int? ChannelMultiple { get; init; }

    /// <summary>How many components a factorized layer keeps.</summary>
    public RankSelection? RankSelection { get; init; }

    /// <summary>What the compressed model is trained towards.</summary>
    public FineTuneMode? FineTune { get; init; }

    /// <summary>How often training sees every sample.</summary>
    public int? Epochs { get; init; }

    /// <summary>Which of the things that the float model computes the compressed one is trained towards.</summary>
    public Distillation? Distillation { get; init; }

    /// <summary>What class scores are divided by before they are compared.</summary>
    public int? Temperature { get; init; }

    /// <summary>How weights become zero while the model is trained.</summary>
    public PruningSchedule? PruningSchedule { get; init; }

    /// <summary>How often training in which weights become zero sees every sample.</summary>
    public int? PruningEpochs { get; init; }

    /// <summary>The step from which on weights become zero, from 0.</summary>
    public int? PruningBegin { get; init; }

    /// <summary>The step in which the last ones do.</summary>
    public int? PruningEnd { get; init; }

    /// <summary>The number of steps from one choice of zeros to the next.</summary>
    public int? PruningFrequency { get; init; }

    /// <summary>After how many epochs without a better one training ends.</summary>
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

    /// <summary>By which share of their height and width images are moved at most.</summary>
    public double? AugmentationShift { get; init; }

    /// <summary>Where random choices start.</summary>
    public int? Seed { get; init; }

    /// <summary>These options, and where they say nothing, others.</summary>
    /// <param name="fallback">What holds where a property is null.</param>
    public ModelOptions Over(ModelOptions fallback)
    {
        return new ModelOptions(base.Over(fallback))
        {
            CalibrationMethod = CalibrationMethod ?? fallback.CalibrationMethod,
            Rounding = Rounding ?? fallback.Rounding,
            RoundingSteps = RoundingSteps ?? fallback.RoundingSteps,
            SparsityDistribution = SparsityDistribution ?? fallback.SparsityDistribution,
            PruningCriterion = PruningCriterion ?? fallback.PruningCriterion,
            ClusterInitialization = ClusterInitialization ?? fallback.ClusterInitialization,
            ChannelPruningTarget = ChannelPruningTarget ?? fallback.ChannelPruningTarget,
            ChannelScore = ChannelScore ?? fallback.ChannelScore,
            ChannelMultiple = ChannelMultiple ?? fallback.ChannelMultiple,
            RankSelection = RankSelection ?? fallback.RankSelection,
            FineTune = FineTune ?? fallback.FineTune,
            Epochs = Epochs ?? fallback.Epochs,
            Distillation = Distillation ?? fallback.Distillation,
            Temperature = Temperature ?? fallback.Temperature,
            PruningSchedule = PruningSchedule ?? fallback.PruningSchedule,
            PruningEpochs = PruningEpochs ?? fallback.PruningEpochs,
            PruningBegin = PruningBegin ?? fallback.PruningBegin,
            PruningEnd = PruningEnd ?? fallback.PruningEnd,
            PruningFrequency = PruningFrequency ?? fallback.PruningFrequency,
            EarlyStop = EarlyStop ?? fallback.EarlyStop,
            LearningRate = LearningRate ?? fallback.LearningRate,
            BatchSize = BatchSize ?? fallback.BatchSize,
            Optimizer = Optimizer ?? fallback.Optimizer,
            LearningRateSchedule = LearningRateSchedule ?? fallback.LearningRateSchedule,
            Augmentation = Augmentation ?? fallback.Augmentation,
            AugmentationShift = AugmentationShift ?? fallback.AugmentationShift,
            Seed = Seed ?? fallback.Seed,
        };
    }
}
