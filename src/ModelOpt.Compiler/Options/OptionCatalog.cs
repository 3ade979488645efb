using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Options;

/// <summary>
/// All options of <see cref="ModelOptions"/>: the one place from which item metadata, recipes, the command line, the recipes' JSON
/// schema and the tables of the documentation are made.
/// </summary>
public static class OptionCatalog
{
    // int8 has 255 values, float16 some 63,000: more clusters have no effect.
    private const int MostClusters = 65535;

    // No layer has so many channels.
    private const int LargestMultiple = 1024;

    // Beyond it, all classes look alike.
    private const int MostTemperature = 1000;

    // More than anyone has time for.
    private const int MostEpochs = 65536;

    /// <summary>The options, those of a group together.</summary>
    public static IReadOnlyList<OptionDescription> All { get; } =
    [
        Of("Quantization", nameof(LayerOptions.Quantization), new ChoiceValue<QuantizationMode>(),
            "How numbers are stored. Int8 (default): weights and activations; without calibration data only weights become int8. Float16, "
                + "WeightOnlyInt8: weights only. None: float32.",
            o => o.Quantization, (o, v) => o with { Quantization = (QuantizationMode)v }),
        Of("Quantization", nameof(ModelOptions.CalibrationMethod), new ChoiceValue<CalibrationMethod>(),
            "How the ranges of activations are chosen. Default: MinMax.",
            o => M(o).CalibrationMethod, (o, v) => M(o) with { CalibrationMethod = (CalibrationMethod)v }),

        Of("Rounding", nameof(ModelOptions.Rounding), new ChoiceValue<WeightRounding>(),
            "How weights are rounded. Nearest (default): to the nearest integer. Adaptive (AdaRound): up or down, so that layers "
                + "reproduce the float model's on the calibration data; takes longer.",
            o => M(o).Rounding, (o, v) => M(o) with { Rounding = (WeightRounding)v }),
        Of("Rounding", nameof(ModelOptions.RoundingSteps), new WholeValue(1, int.MaxValue),
            "Steps of adaptive rounding, of 32 samples each. Default: 1000.",
            o => M(o).RoundingSteps, (o, v) => M(o) with { RoundingSteps = (int)v }),

        Of("Sparsity", nameof(LayerOptions.Sparsity), new ShareValue(),
            "Share of the weights set to zero. Layers with fewer than 1024 weights and layers that read an image take part only if a rule "
                + "of the recipe names them.",
            o => o.Sparsity, (o, v) => o with { Sparsity = (double)v }),
        Of("Sparsity", nameof(LayerOptions.SparsityPattern), new PatternValue(),
            "Where zeros may lie. Unstructured (default): anywhere. N:M: at most N of M neighbouring input channels are nonzero. RxC: "
                + "blocks of R output by C input channels are zero as a whole; the runtime skips 1x4.",
            o => o.SparsityPattern, (o, v) => o with { SparsityPattern = (SparsityPattern)v }),
        Of("Sparsity", nameof(ModelOptions.SparsityDistribution), new ChoiceValue<SparsityDistribution>(),
            "How zeros are divided among layers. Global (default): most where they cost least. Uniform: the same share in every layer.",
            o => M(o).SparsityDistribution, (o, v) => M(o) with { SparsityDistribution = (SparsityDistribution)v }),
        Of("Sparsity", nameof(ModelOptions.PruningCriterion), new ChoiceValue<PruningCriterion>(),
            "Which weights become zero. SecondOrder (default): those that change the outputs least on the calibration data; the other "
                + "weights compensate. Magnitude: the smallest; the others stay.",
            o => M(o).PruningCriterion, (o, v) => M(o) with { PruningCriterion = (PruningCriterion)v }),

        Of("Clustering", nameof(LayerOptions.Clusters), new WholeValue(2, MostClusters),
            "Largest number of distinct weight values in a layer, zero included. Layers with fewer than 1024 weights and depthwise layers "
                + "take part only if a rule of the recipe names them.",
            o => o.Clusters, (o, v) => o with { Clusters = (int)v }),
        Of("Clustering", nameof(LayerOptions.ClusterScope), new ChoiceValue<ClusterScope>(),
            "What shares the values of Clusters. Tensor (default): a layer. Channel: an output channel.",
            o => o.ClusterScope, (o, v) => o with { ClusterScope = (ClusterScope)v }),
        Of("Clustering", nameof(ModelOptions.ClusterInitialization), new ChoiceValue<ClusterInitialization>(),
            "Where the search for the values starts. Default: KMeansPlusPlus.",
            o => M(o).ClusterInitialization, (o, v) => M(o) with { ClusterInitialization = (ClusterInitialization)v }),

        Of("Channel pruning", nameof(LayerOptions.ChannelPruning), new ShareValue(),
            "Share of ChannelPruningTarget to remove, as whole channels. In a rule of a recipe: the share of the layer's own output "
                + "channels; 0 keeps them all.",
            o => o.ChannelPruning, (o, v) => o with { ChannelPruning = (double)v }),
        Of("Channel pruning", nameof(ModelOptions.ChannelPruningTarget), new ChoiceValue<ChannelPruningTarget>(),
            "Unit of ChannelPruning. Macs (default): multiply-accumulates. Bytes: bytes of weights. Latency: time on this machine.",
            o => M(o).ChannelPruningTarget, (o, v) => M(o) with { ChannelPruningTarget = (ChannelPruningTarget)v }),
        Of("Channel pruning", nameof(ModelOptions.ChannelScore), new ChoiceValue<ChannelScore>(),
            "How channels are ranked. Activation (default): by their activations on the calibration data. L1, L2: by the size of their "
                + "weights. Fpgm: by their distance to other channels. BatchNormScale: by the scale of their batch normalization.",
            o => M(o).ChannelScore, (o, v) => M(o) with { ChannelScore = (ChannelScore)v }),
        Of("Channel pruning", nameof(ModelOptions.ChannelMultiple), new WholeValue(1, LargestMultiple),
            "Numbers of channels stay multiples of this.",
            o => M(o).ChannelMultiple, (o, v) => M(o) with { ChannelMultiple = (int)v }),

        Of("Decomposition", nameof(LayerOptions.Decomposition), new ShareValue(),
            "Share of the multiply-accumulates of convolutions and dense layers to remove by splitting layers into smaller ones. In a "
                + "rule of a recipe: the share of the layer's own; 0 keeps it whole.",
            o => o.Decomposition, (o, v) => o with { Decomposition = (double)v }),
        Of("Decomposition", nameof(ModelOptions.RankSelection), new ChoiceValue<RankSelection>(),
            "How many components a split layer keeps. Budget (default): those with the least error that meet the target. Evbmf: as many "
                + "as stand out from the noise.",
            o => M(o).RankSelection, (o, v) => M(o) with { RankSelection = (RankSelection)v }),

        Of("Fine-tuning", nameof(ModelOptions.FineTune), new ChoiceValue<FineTuneMode>(),
            "Trains the compressed model within its zeros, clusters and integers. None (default): no training. Distill: towards what the "
                + "float model computes, without labels. Labels: towards the labels as well.",
            o => M(o).FineTune, (o, v) => M(o) with { FineTune = (FineTuneMode)v }),
        Of("Fine-tuning", nameof(ModelOptions.Epochs), new WholeValue(1, MostEpochs),
            "How often training sees every sample. Default: 10.",
            o => M(o).Epochs, (o, v) => M(o) with { Epochs = (int)v }),
        Of("Fine-tuning", nameof(ModelOptions.EarlyStop), new WholeValue(1, MostEpochs),
            "Training stops after this many epochs without improvement on the evaluation data. Default: after the last epoch.",
            o => M(o).EarlyStop, (o, v) => M(o) with { EarlyStop = (int)v }),
        Of("Fine-tuning", nameof(ModelOptions.BatchSize), new WholeValue(1, MostEpochs),
            "Samples of a training step. Default: 64.",
            o => M(o).BatchSize, (o, v) => M(o) with { BatchSize = (int)v }),
        Of("Fine-tuning", nameof(ModelOptions.LearningRate), new RateValue(),
            "Largest training step, relative to the size of the weights. Default: 0.002.",
            o => M(o).LearningRate, (o, v) => M(o) with { LearningRate = (double)v }),
        Of("Fine-tuning", nameof(ModelOptions.LearningRateSchedule), new ChoiceValue<LearningRateSchedule>(),
            "How the learning rate changes. Cosine (default): falls to zero. Constant: stays. OneCycle: rises, then falls to zero.",
            o => M(o).LearningRateSchedule, (o, v) => M(o) with { LearningRateSchedule = (LearningRateSchedule)v }),
        Of("Fine-tuning", nameof(ModelOptions.Optimizer), new ChoiceValue<OptimizerKind>(),
            "How weights follow their gradients. Adam (default). AdamW: Adam with weight decay. Sgd: gradient descent with momentum.",
            o => M(o).Optimizer, (o, v) => M(o) with { Optimizer = (OptimizerKind)v }),
        Of("Fine-tuning", nameof(ModelOptions.Augmentation), new ChoiceValue<Augmentation>(),
            "Random changes of training images. None (default). Flip: mirror left to right. Crop: move; missing pixels are zero. "
                + "FlipCrop: both.",
            o => M(o).Augmentation, (o, v) => M(o) with { Augmentation = (Augmentation)v }),
        Of("Fine-tuning", nameof(ModelOptions.AugmentationShift), new ShareValue(),
            "Largest move of an image, as a share of its size. Default: 0.125.",
            o => M(o).AugmentationShift, (o, v) => M(o) with { AugmentationShift = (double)v }),

        Of("Fine-tuning", nameof(ModelOptions.Distillation), new ChoiceValue<Distillation>(),
            "What the model learns from the float model. Blocks (default): its outputs and what its layers compute on the way. Outputs: "
                + "its outputs only.",
            o => M(o).Distillation, (o, v) => M(o) with { Distillation = (Distillation)v }),
        Of("Fine-tuning", nameof(ModelOptions.Temperature), new WholeValue(1, MostTemperature),
            "Divides class scores before they are compared with the float model's; the higher it is, the more the scores of wrong classes "
                + "count. Default: 4.",
            o => M(o).Temperature, (o, v) => M(o) with { Temperature = (int)v }),
        Of("Fine-tuning", nameof(ModelOptions.PruningSchedule), new ChoiceValue<PruningSchedule>(),
            "When weights become zero. None (default): all at once, before training. Polynomial: during training, before clustering and "
                + "quantization; more and more, fast at first. Constant: likewise, but all from PruningBegin on; which ones may change.",
            o => M(o).PruningSchedule, (o, v) => M(o) with { PruningSchedule = (PruningSchedule)v }),
        Of("Fine-tuning", nameof(ModelOptions.PruningEpochs), new WholeValue(1, MostEpochs),
            "How often training with PruningSchedule sees every sample. Default: as often as Epochs.",
            o => M(o).PruningEpochs, (o, v) => M(o) with { PruningEpochs = (int)v }),
        Of("Fine-tuning", nameof(ModelOptions.PruningBegin), new WholeValue(0, int.MaxValue),
            "Training step in which the first weights become zero. Default: 0.",
            o => M(o).PruningBegin, (o, v) => M(o) with { PruningBegin = (int)v }),
        Of("Fine-tuning", nameof(ModelOptions.PruningEnd), new WholeValue(1, int.MaxValue),
            "Training step in which the last weights become zero. Default: two thirds of all steps.",
            o => M(o).PruningEnd, (o, v) => M(o) with { PruningEnd = (int)v }),
        Of("Fine-tuning", nameof(ModelOptions.PruningFrequency), new WholeValue(1, int.MaxValue),
            "Steps after which the zeros are chosen anew. Default: 20.",
            o => M(o).PruningFrequency, (o, v) => M(o) with { PruningFrequency = (int)v }),

        Of("Random choices", nameof(ModelOptions.Seed), new WholeValue(0, int.MaxValue),
            "Random seed; the same seed gives the same model.",
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
