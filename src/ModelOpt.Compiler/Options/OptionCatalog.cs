using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime;

namespace ModelOpt.Compiler.Options;

/// <summary>
/// All options of <see cref="CompileOptions"/>. Item metadata, recipes, the command line, the recipes' JSON schema, the tables of the
/// documentation and the freshness of artifacts follow from them.
/// </summary>
internal static class OptionCatalog
{
    // int8 has 255 values, float16 some 63,000: more clusters have no effect.
    private const int MostClusters = 65535;

    // No layer has so many channels.
    private const int LargestMultiple = 1024;

    // Beyond it, all classes look alike.
    private const int MostTemperature = 1000;

    // More than anyone has time for.
    private const int MostEpochs = 65536;

    private const string Data = "Data";

    /// <summary>The options, those of a group together.</summary>
    public static IReadOnlyList<OptionDescription> All { get; } =
    [
        new(Data, nameof(CompileOptions.CalibrationData), new PathsValue(),
            "Typical inputs: images (.png, .jpg, .webp, .bmp) of any size, .wav sounds, .csv tables (data.csv#columns), .npy, .npz "
                + "(data.npz#name) or IDX files (perhaps .gz), or folders and patterns (images/**/*.jpg) of them; one for each input of "
                + "the model, in order, or several for its only input. Sizes may differ where the model leaves them open. "
                + "Without them, only weights become int8.") { CommandLine = "--calibration" },
        new(Data, nameof(CompileOptions.CalibrationSamples), new WholeValue(1, int.MaxValue),
            "Largest number of samples to calibrate with, spread evenly over the data. Default: 256."),
        new(Data, nameof(CompileOptions.InputMean), new NumbersValue(),
            "Mean to subtract from the data, one number or one per channel: the model gets (x − mean) / std; x of bytes is 0…255.")
            { CommandLine = "--mean" },
        new(Data, nameof(CompileOptions.InputStd), new NumbersValue(AreDivisors: true),
            "Standard deviation to divide the data by, one number or one per channel.") { CommandLine = "--std" },
        new(Data, nameof(CompileOptions.InputType), new InputTypeValue(),
            "Type of the compiled model's inputs. float32 (default): as in the ONNX file. uint8: raw image bytes (batch, height, width, "
                + "channel); the model does the preprocessing."),
        new(Data, nameof(CompileOptions.InputShape), new ShapesValue(),
            "Sizes of inputs that the ONNX file leaves open: images:1,3,640,640, several separated by semicolons; the name may be left out "
                + "where there is one input. -1 leaves a size open, as it is without this option: each call says it."),
        new(Data, nameof(CompileOptions.InputValues), new ValuesValue(),
            "Values of inputs that are always the same: sr:16000, several separated by semicolons; one number stands for all elements. The "
                + "compiled model has no such inputs, and nothing that only other values would reach."),
        new(Data, nameof(CompileOptions.DataLayout), new ChoiceValue<DataLayout>(),
            "Axis order of images in the data. Auto (default): whichever fits the model's input. Nhwc: batch, height, width, channel. "
                + "Nchw: batch, channel, height, width."),
        new(Data, nameof(CompileOptions.ImageFit), new ChoiceValue<ImageFit>(),
            "How images in the data are brought to the size that the model takes. Cover (default): in proportion, the rest cut off on both "
                + "sides. Contain: in proportion, the rest black. Stretch: out of proportion. The class resizes in the same way."),
        new(Data, nameof(CompileOptions.SampleRate), new WholeValue(1, int.MaxValue),
            "Samples a second that the model takes: .wav files of another rate are refused. Default: any, if all have the same."),

        new("State", nameof(ModelOptions.State), new StatesValue(),
            "States of a recurrent model: state:stateN, several separated by semicolons. The output is the input of the next call, the "
                + "first call gets zeros: the class has a Stream that carries them. CalibrationData is for the other inputs only, and its "
                + "samples follow each other."),

        new("Recipe", nameof(CompileOptions.Recipe), new PathValue("FILE"),
            "JSON file that sets options for single layers by name, and options for experts; it wins over the other options. 'modelopt "
                + "inspect' prints one to start from."),

        new("Quantization", nameof(LayerOptions.Quantization), new ChoiceValue<QuantizationMode>(),
            "How numbers are stored. Int8 (default): weights and activations; without calibration data only weights become int8. Float16, "
                + "WeightOnlyInt8: weights only. None: float32."),
        new("Quantization", nameof(ModelOptions.CalibrationMethod), new ChoiceValue<CalibrationMethod>(),
            "How the ranges of activations are chosen. Default: MinMax.") { IsExpert = true },

        new("Rounding", nameof(ModelOptions.Rounding), new ChoiceValue<WeightRounding>(),
            "How weights are rounded. Default: to the nearest integer; where that costs much, so that the weights of a layer make up for "
                + "each other's errors. Nearest: to the nearest integer. Adaptive (AdaRound): up or down, so that layers reproduce the "
                + "float model's on the calibration data; takes longer."),
        new("Rounding", nameof(ModelOptions.RoundingSteps), new WholeValue(1, int.MaxValue),
            "Steps of adaptive rounding, of 32 samples each. Default: 1000.") { IsExpert = true },

        new("Sparsity", nameof(LayerOptions.Sparsity), new ShareValue(),
            "Share of the weights set to zero. Layers with fewer than 1024 weights and layers that read an image take part only if a rule "
                + "of the recipe names them."),
        new("Sparsity", nameof(LayerOptions.SparsityPattern), new PatternValue(),
            "Where zeros may lie. Unstructured (default): anywhere. N:M: at most N of M neighbouring input channels are nonzero. RxC: "
                + "blocks of R output by C input channels are zero as a whole; the runtime skips 1x4."),
        new("Sparsity", nameof(ModelOptions.SparsityDistribution), new ChoiceValue<SparsityDistribution>(),
            "How zeros are divided among layers. Global (default): most where they cost least. Uniform: the same share in every layer."),
        new("Sparsity", nameof(ModelOptions.PruningCriterion), new ChoiceValue<PruningCriterion>(),
            "Which weights become zero. SecondOrder (default): those that change the outputs least on the calibration data; the other "
                + "weights compensate. Magnitude: the smallest; the others stay."),

        new("Clustering", nameof(LayerOptions.Clusters), new WholeValue(2, MostClusters),
            "Largest number of distinct weight values in a layer, zero included. Layers with fewer than 1024 weights and depthwise layers "
                + "take part only if a rule of the recipe names them."),
        new("Clustering", nameof(LayerOptions.ClusterScope), new ChoiceValue<ClusterScope>(),
            "Where clusters are counted. Tensor (default): in a layer. Channel: in each output channel."),
        new("Clustering", nameof(ModelOptions.ClusterInitialization), new ChoiceValue<ClusterInitialization>(),
            "Where the search for the values starts. Default: KMeansPlusPlus.") { IsExpert = true },

        new("Channel pruning", nameof(LayerOptions.ChannelPruning), new ShareValue(),
            "Share of the multiply-accumulates to remove, as whole channels; a recipe's channelPruningTarget names another unit. In a "
                + "rule of a recipe: the share of the layer's own output channels; 0 keeps them all."),
        new("Channel pruning", nameof(ModelOptions.ChannelPruningTarget), new ChoiceValue<ChannelPruningTarget>(),
            "Unit of ChannelPruning. Macs (default): multiply-accumulates. Bytes: bytes of weights. Latency: time on this machine.")
        {
            IsExpert = true,
        },
        new("Channel pruning", nameof(ModelOptions.ChannelScore), new ChoiceValue<ChannelScore>(),
            "How channels are ranked. Activation (default): by their activations on the calibration data. L1, L2: by the size of their "
                + "weights. Fpgm: by their distance to other channels. BatchNormScale: by the scale of their batch normalization.")
        {
            IsExpert = true,
        },
        new("Channel pruning", nameof(ModelOptions.ChannelMultiple), new WholeValue(1, LargestMultiple),
            "Numbers of channels stay multiples of this.") { IsExpert = true },

        new("Decomposition", nameof(LayerOptions.Decomposition), new ShareValue(),
            "Share of the multiply-accumulates of convolutions and dense layers to remove by splitting layers into smaller ones. In a "
                + "rule of a recipe: the share of the layer's own; 0 keeps it whole.") { CommandLine = "--decompose" },
        new("Decomposition", nameof(ModelOptions.RankSelection), new ChoiceValue<RankSelection>(),
            "How many components a split layer keeps. Budget (default): those with the least error that meet the target. Evbmf: as many "
                + "as stand out from the noise.") { IsExpert = true },

        new("Fine-tuning", nameof(ModelOptions.FineTune), new ChoiceValue<FineTuneMode>(),
            "Trains the compressed model within its zeros, clusters and integers. None (default): no training. Distill: towards what the "
                + "float model computes, without labels. Labels: towards the labels as well."),
        new("Fine-tuning", nameof(CompileOptions.TrainingData), new PathsValue(),
            "Samples to train with, in the form of CalibrationData. Default: those of CalibrationData."),
        new("Fine-tuning", nameof(CompileOptions.TrainingLabels), new PathValue("LABELS"),
            "Class number of each sample of TrainingData: an integer .npy, .npz or IDX file, a text file of one number a line, or a "
                + "folder with a subfolder of images per class."),
        new("Fine-tuning", nameof(CompileOptions.EvaluationData), new PathsValue(),
            "Samples that judge training, and on which the build compares the classes that compressed and float model choose. Default: a "
                + "tenth of the training samples, which training then leaves out; the calibration samples that are not needed."),
        new("Fine-tuning", nameof(CompileOptions.EvaluationLabels), new PathValue("LABELS"),
            "Class number of each sample of EvaluationData; a build says how often float and compressed model are right."),
        new("Fine-tuning", nameof(ModelOptions.Epochs), new WholeValue(1, MostEpochs),
            "How often training sees every sample. Default: 10."),
        new("Fine-tuning", nameof(ModelOptions.EarlyStop), new WholeValue(1, MostEpochs),
            "Training stops after this many epochs without improvement on the evaluation data. Default: after the last epoch.")
        {
            IsExpert = true,
        },
        new("Fine-tuning", nameof(ModelOptions.BatchSize), new WholeValue(1, MostEpochs),
            "Samples of a training step. Default: 64."),
        new("Fine-tuning", nameof(ModelOptions.LearningRate), new RateValue(),
            "Largest training step, relative to the size of the weights. Default: 0.002."),
        new("Fine-tuning", nameof(ModelOptions.LearningRateSchedule), new ChoiceValue<LearningRateSchedule>(),
            "How the learning rate changes. Cosine (default): falls to zero. Constant: stays. OneCycle: rises, then falls to zero.")
        {
            IsExpert = true,
        },
        new("Fine-tuning", nameof(ModelOptions.Optimizer), new ChoiceValue<OptimizerKind>(),
            "How weights follow their gradients. Adam (default). AdamW: Adam with weight decay. Sgd: gradient descent with momentum.")
        {
            IsExpert = true,
        },
        new("Fine-tuning", nameof(ModelOptions.Augmentation), new ChoiceValue<Augmentation>(),
            "Random changes of training images. None (default). Flip: mirror left to right. Crop: move; missing pixels are zero. "
                + "FlipCrop: both."),
        new("Fine-tuning", nameof(ModelOptions.AugmentationShift), new ShareValue(),
            "Largest move of an image, as a share of its size. Default: 0.125."),

        new("Fine-tuning", nameof(ModelOptions.Distillation), new ChoiceValue<Distillation>(),
            "What the model learns from the float model. Blocks (default): its outputs and what its layers compute on the way. Outputs: "
                + "its outputs only."),
        new("Fine-tuning", nameof(ModelOptions.Temperature), new WholeValue(1, MostTemperature),
            "Divides class scores before they are compared with the float model's; the higher it is, the more the scores of wrong classes "
                + "count. Default: 4.") { IsExpert = true },
        new("Fine-tuning", nameof(ModelOptions.PruningSchedule), new ChoiceValue<PruningSchedule>(),
            "When weights become zero. None (default): all at once, before training. Polynomial: during training, before clustering and "
                + "quantization; more and more, fast at first. Constant: likewise, but all from the first step on; which ones may change."),
        new("Fine-tuning", nameof(ModelOptions.PruningEpochs), new WholeValue(1, MostEpochs),
            "How often training with PruningSchedule sees every sample. Default: as often as Epochs."),
        new("Fine-tuning", nameof(ModelOptions.PruningBegin), new WholeValue(0, int.MaxValue),
            "Training step in which the first weights become zero. Default: 0.") { IsExpert = true },
        new("Fine-tuning", nameof(ModelOptions.PruningEnd), new WholeValue(1, int.MaxValue),
            "Training step in which the last weights become zero. Default: two thirds of all steps.") { IsExpert = true },
        new("Fine-tuning", nameof(ModelOptions.PruningFrequency), new WholeValue(1, int.MaxValue),
            "Steps after which the zeros are chosen anew. Default: 20.") { IsExpert = true },

        new("Random choices", nameof(ModelOptions.Seed), new WholeValue(0, int.MaxValue),
            "Random seed; the same seed gives the same model."),
    ];

    /// <summary>The options that recipes have.</summary>
    public static IEnumerable<OptionDescription> OfRecipes => All.Where(o => o.IsOfRecipes);

    /// <summary>The options that items and the command line have.</summary>
    public static IEnumerable<OptionDescription> OfItems => All.Where(o => !o.IsExpert);

    /// <summary>All that options say, a line for each: options that differ in anything differ here.</summary>
    public static string Describe(CompileOptions options) => string.Concat(
        from option in All
        let value = option.Of(options)
        where value is not null
        select $"{option.Name} {option.Values.Format(value)}\n");

    /// <summary>The files and folders that options name.</summary>
    public static IEnumerable<string> PathsIn(CompileOptions options) =>
        All.Select(o => o.Of(options) is { } value ? o.Values.Paths(value) : [])
        .SelectMany(paths => paths);

    /// <summary>The option that asks for a technique, without which another of its group does nothing.</summary>
    /// <returns>Null where it is that option itself, or needs none.</returns>
    public static OptionDescription? LeaderOf(OptionDescription option)
    {
        // It stands first in its group. Numbers have a form also where none is asked for.
        OptionDescription first = All.First(o => o.Group == option.Group);
        return first == option || first.Name == nameof(LayerOptions.Quantization) ? null : first;
    }
}
