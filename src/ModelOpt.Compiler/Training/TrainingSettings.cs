using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Training;

/// <summary>How a model is trained: the options with their defaults.</summary>
/// <param name="Epochs">How often every sample is seen.</param>
/// <param name="LearningRate">The largest learning rate, relative to the size of the weights.</param>
/// <param name="Shift">Largest move of an image, as a share of its size.</param>
/// <param name="EarlyStop">After how many epochs without a better one training ends; null for never.</param>
internal sealed record TrainingSettings(
    int Epochs, int BatchSize, double LearningRate, OptimizerKind Optimizer, LearningRateSchedule Schedule,
    Augmentation Augmentation, int Seed, float Shift = TrainingSettings.DefaultShift, int? EarlyStop = null)
{
    /// <summary>As for CIFAR-10 since He et al. 2016: four pixels of 32.</summary>
    public const float DefaultShift = 1f / 8;

    /// <summary>The settings that options ask for.</summary>
    public static TrainingSettings Of(ModelOptions options) => new(
        options.Epochs ?? 10,
        options.BatchSize ?? 64,
        options.LearningRate ?? 0.002,
        options.Optimizer ?? OptimizerKind.Adam,
        options.LearningRateSchedule ?? LearningRateSchedule.Cosine,
        options.Augmentation ?? Augmentation.None,
        options.Seed ?? 0,
        (float)(options.AugmentationShift ?? DefaultShift),
        options.EarlyStop);
}
