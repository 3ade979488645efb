using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Options;

/// <summary>
/// All options of <see cref="ModelOptions"/>: the one place from which item metadata, recipes, the command line, the recipes' JSON
/// schema and the tables of the documentation are made.
/// </summary>
public static class OptionCatalog
{
    // int8 has 255 values, float16 some 63,000: more clusters than that are none.
    private const int MostClusters = 65535;

    // No layer has so many channels.
    private const int LargestMultiple = 1024;

    // By then all classes are alike.
    private const int MostTemperature = 1000;

    // More than anyone has time for.
    private const int MostEpochs = 65536;

    /// <summary>The options, those of a group together.</summary>
    public static IReadOnlyList<OptionDescription> All { get; } =
    [
        Of("Quantization", nameof(LayerOptions.Quantization), new ChoiceValue<QuantizationMode>(),
            "How numbers are stored. Int8: weights and activations (the default; needs calibration data, without it only weights "
                + "become int8). Float16 and WeightOnlyInt8: weights only. None: float32.",
            o => o.Quantization, (o, v) => o with { Quantization = (QuantizationMode)v }),
        Of("Quantization", nameof(ModelOptions.CalibrationMethod), new ChoiceValue<CalibrationMethod>(),
            "How the ranges of activations are chosen. MinMax unless told.",
            o => M(o).CalibrationMethod, (o, v) => M(o) with { CalibrationMethod = (CalibrationMethod)v }),

        Of("Rounding", nameof(ModelOptions.Rounding), new ChoiceValue<WeightRounding>(),
            "Which integers weights become. Nearest (the default). Adaptive: those below or above, learnt so that layers give on the calibration data "
                + "what those of the float model give (AdaRound); takes longer.",
            o => M(o).Rounding, (o, v) => M(o) with { Rounding = (WeightRounding)v }),
        Of("Rounding", nameof(ModelOptions.RoundingSteps), new WholeValue(1, int.MaxValue),
            "In how many steps of 32 samples adaptive rounding learns; 1000 unless told.",
            o => M(o).RoundingSteps, (o, v) => M(o) with { RoundingSteps = (int)v }),

        Of("Sparsity", nameof(LayerOptions.Sparsity), new ShareValue(),
            "The share of the weights that become zero. Layers of less than 1024 weights, and those that read an image, take part only where a "
                + "rule of the recipe names them.",
            o => o.Sparsity, (o, v) => o with { Sparsity = (double)v }),
        Of("Sparsity", nameof(LayerOptions.SparsityPattern), new PatternValue(),
            "Where zeros may lie. Unstructured: anywhere (the default). N:M: at most N of M neighbouring input channels are not zero. "
                + "RxC: blocks of R output by C input channels are zero as a whole; 1x4 is the one that the runtime skips.",
            o => o.SparsityPattern, (o, v) => o with { SparsityPattern = (SparsityPattern)v }),
        Of("Sparsity", nameof(ModelOptions.SparsityDistribution), new ChoiceValue<SparsityDistribution>(),
            "Global: most zeros where they cost least (the default). Uniform: the same share in every layer.",
            o => M(o).SparsityDistribution, (o, v) => M(o) with { SparsityDistribution = (SparsityDistribution)v }),
        Of("Sparsity", nameof(ModelOptions.PruningCriterion), new ChoiceValue<PruningCriterion>(),
            "Which weights become zero. SecondOrder: those that change outputs least on the calibration data, and the others make up "
                + "for them (the default). Magnitude: the smallest; the others stay.",
            o => M(o).PruningCriterion, (o, v) => M(o) with { PruningCriterion = (PruningCriterion)v }),

        Of("Clustering", nameof(LayerOptions.Clusters), new WholeValue(2, MostClusters),
            "At most how many distinct values the weights of a layer have, zero included. Layers of less than 1024 weights, and depthwise "
                + "ones, take part only where a rule of the recipe names them.",
            o => o.Clusters, (o, v) => o with { Clusters = (int)v }),
        Of("Clustering", nameof(LayerOptions.ClusterScope), new ChoiceValue<ClusterScope>(),
            "Whether the values are a layer's (Tensor) or each output channel's (Channel).",
            o => o.ClusterScope, (o, v) => o with { ClusterScope = (ClusterScope)v }),
        Of("Clustering", nameof(ModelOptions.ClusterInitialization), new ChoiceValue<ClusterInitialization>(),
            "Where the search for the values starts. KMeansPlusPlus unless told.",
            o => M(o).ClusterInitialization, (o, v) => M(o) with { ClusterInitialization = (ClusterInitialization)v }),

        Of("Channel pruning", nameof(LayerOptions.ChannelPruning), new ShareValue(),
            "The share of the model's ChannelPruningTarget that is removed with whole channels; in a rule of a recipe, the share of the layer's "
                + "own output channels, where 0 keeps them all.",
            o => o.ChannelPruning, (o, v) => o with { ChannelPruning = (double)v }),
        Of("Channel pruning", nameof(ModelOptions.ChannelPruningTarget), new ChoiceValue<ChannelPruningTarget>(),
            "Of what ChannelPruning is a share: multiply-accumulates (the default), bytes of weights, or time on this machine.",
            o => M(o).ChannelPruningTarget, (o, v) => M(o) with { ChannelPruningTarget = (ChannelPruningTarget)v }),
        Of("Channel pruning", nameof(ModelOptions.ChannelScore), new ChoiceValue<ChannelScore>(),
            "How much a channel is worth: by its activations on the calibration data (the default), the size of its weights, its "
                + "distance to other channels (Fpgm), or its batch normalization.",
            o => M(o).ChannelScore, (o, v) => M(o) with { ChannelScore = (ChannelScore)v }),
        Of("Channel pruning", nameof(ModelOptions.ChannelMultiple), new WholeValue(1, LargestMultiple),
            "Numbers of channels are kept multiples of this.",
            o => M(o).ChannelMultiple, (o, v) => M(o) with { ChannelMultiple = (int)v }),

        Of("Decomposition", nameof(LayerOptions.Decomposition), new ShareValue(),
            "The share of the multiply-accumulates of convolutions and dense layers that is removed by splitting layers into "
                + "smaller ones; in a rule of a recipe, of the layer's own, where 0 keeps it whole.",
            o => o.Decomposition, (o, v) => o with { Decomposition = (double)v }),
        Of("Decomposition", nameof(ModelOptions.RankSelection), new ChoiceValue<RankSelection>(),
            "How many components a split layer keeps. Budget: those of least error that meet the target (the default). Evbmf: as many "
                + "as stand out of the noise.",
            o => M(o).RankSelection, (o, v) => M(o) with { RankSelection = (RankSelection)v }),

        Of("Fine-tuning", nameof(ModelOptions.FineTune), new ChoiceValue<FineTuneMode>(),
            "Trains the compressed model, within its zeros, clusters and integers. Distill: towards what the float model computes, without "
                + "labels. Labels: towards the labels as well. None: not at all (the default).",
            o => M(o).FineTune, (o, v) => M(o) with { FineTune = (FineTuneMode)v }),
        Of("Fine-tuning", nameof(ModelOptions.Epochs), new WholeValue(1, MostEpochs),
            "How often training sees every sample; 10 unless told.",
            o => M(o).Epochs, (o, v) => M(o) with { Epochs = (int)v }),
        Of("Fine-tuning", nameof(ModelOptions.EarlyStop), new WholeValue(1, MostEpochs),
            "Training ends after so many epochs in which the model did not become better on the evaluation data; not before its last epoch "
                + "unless told.",
            o => M(o).EarlyStop, (o, v) => M(o) with { EarlyStop = (int)v }),
        Of("Fine-tuning", nameof(ModelOptions.BatchSize), new WholeValue(1, MostEpochs),
            "Samples of a training step; 64 unless told.",
            o => M(o).BatchSize, (o, v) => M(o) with { BatchSize = (int)v }),
        Of("Fine-tuning", nameof(ModelOptions.LearningRate), new RateValue(),
            "How far a training step goes at most, relative to the size of the weights; 0.002 unless told.",
            o => M(o).LearningRate, (o, v) => M(o) with { LearningRate = (double)v }),
        Of("Fine-tuning", nameof(ModelOptions.LearningRateSchedule), new ChoiceValue<LearningRateSchedule>(),
            "How the learning rate changes. Cosine: falls to zero (the default). Constant: stays. OneCycle: rises, then falls to zero.",
            o => M(o).LearningRateSchedule, (o, v) => M(o) with { LearningRateSchedule = (LearningRateSchedule)v }),
        Of("Fine-tuning", nameof(ModelOptions.Optimizer), new ChoiceValue<OptimizerKind>(),
            "How weights follow their gradients: Adam (the default), AdamW with weight decay, or Sgd with momentum.",
            o => M(o).Optimizer, (o, v) => M(o) with { Optimizer = (OptimizerKind)v }),
        Of("Fine-tuning", nameof(ModelOptions.Augmentation), new ChoiceValue<Augmentation>(),
            "How training images are varied at random. Flip: mirrored left to right. Crop: moved, with zeros for what is missing. FlipCrop: "
                + "both. None: not at all (the default).",
            o => M(o).Augmentation, (o, v) => M(o) with { Augmentation = (Augmentation)v }),
        Of("Fine-tuning", nameof(ModelOptions.AugmentationShift), new ShareValue(),
            "By which share of their size images are moved at most; 0.125 unless told.",
            o => M(o).AugmentationShift, (o, v) => M(o) with { AugmentationShift = (double)v }),

        Of("Fine-tuning", nameof(ModelOptions.Distillation), new ChoiceValue<Distillation>(),
            "What of the float model is learnt. Blocks: its outputs and what its layers compute on the way (the default). Outputs: these alone.",
            o => M(o).Distillation, (o, v) => M(o) with { Distillation = (Distillation)v }),
        Of("Fine-tuning", nameof(ModelOptions.Temperature), new WholeValue(1, MostTemperature),
            "What the scores of classes are divided by before they are compared with those of the float model: the more, the more those of "
                + "wrong classes count. 4 unless told.",
            o => M(o).Temperature, (o, v) => M(o) with { Temperature = (int)v }),
        Of("Fine-tuning", nameof(ModelOptions.PruningSchedule), new ChoiceValue<PruningSchedule>(),
            "Weights become zero while the model is trained, before it is clustered and quantized. Polynomial: more and more, fast at first. "
                + "Constant: all from PruningBegin on; which ones may change. None: at once, before training (the default).",
            o => M(o).PruningSchedule, (o, v) => M(o) with { PruningSchedule = (PruningSchedule)v }),
        Of("Fine-tuning", nameof(ModelOptions.PruningEpochs), new WholeValue(1, MostEpochs),
            "How often that training sees every sample; as often as Epochs unless told.",
            o => M(o).PruningEpochs, (o, v) => M(o) with { PruningEpochs = (int)v }),
        Of("Fine-tuning", nameof(ModelOptions.PruningBegin), new WholeValue(0, int.MaxValue),
            "The training step in which the first weights become zero; 0 unless told.",
            o => M(o).PruningBegin, (o, v) => M(o) with { PruningBegin = (int)v }),
        Of("Fine-tuning", nameof(ModelOptions.PruningEnd), new WholeValue(1, int.MaxValue),
            "The training step in which the last weights become zero; two thirds of all unless told.",
            o => M(o).PruningEnd, (o, v) => M(o) with { PruningEnd = (int)v }),
        Of("Fine-tuning", nameof(ModelOptions.PruningFrequency), new WholeValue(1, int.MaxValue),
            "Which weights are zero is chosen anew every so many steps; 20 unless told.",
            o => M(o).PruningFrequency, (o, v) => M(o) with { PruningFrequency = (int)v }),

        Of("Random choices", nameof(ModelOptions.Seed), new WholeValue(0, int.MaxValue),
            "Where random choices start; the same seed gives the same model.",
            o => M(o).Seed, (o, v) => M(o) with { Seed = (int)v }),
    ];

    /// <summary>The option that asks for a technique, without which another of its group does nothing.</summary>
    /// <param name="option">The other.</param>
    /// <returns>Null where it is that option itself, or needs none.</returns>
    public static OptionDescription? LeaderOf(OptionDescription option)
    {
        // It stands first in its group. Numbers have a form also where none is asked for.
        OptionDescription first = All.First(o => o.Group == option.Group);
        return first == option || first.Name == nameof(LayerOptions.Quantization) ? null : first;
    }

    private static OptionDescription Of(
        string group, string name, OptionValue values, string description,
        Func<LayerOptions, object?> get, Func<LayerOptions, object, LayerOptions> set) => new(name, group, values, description, get, set);

    private static ModelOptions M(LayerOptions options) => (ModelOptions)options;
}
