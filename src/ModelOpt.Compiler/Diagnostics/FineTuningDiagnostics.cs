using static ModelOpt.Compiler.Diagnostics.DiagnosticSeverity;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>Diagnostics of training a compressed model (MOPT45nn).</summary>
internal static class FineTuningDiagnostics
{
    public static readonly DiagnosticDescriptor NoData = new("MOPT4501", Error,
        "Nothing to train with", "FineTune is {0}, but there is neither training nor calibration data.",
        "Set TrainingData (or CalibrationData) to typical inputs, or FineTune to None.");

    public static readonly DiagnosticDescriptor NoLabels = new("MOPT4502", Error,
        "Labels are missing", "{0} is not set, but {1} is.",
        "Name the labels, one for each sample, or set FineTune to Distill, which needs none.");

    public static readonly DiagnosticDescriptor LabelOutside = new("MOPT4503", Error,
        "A label is no class of the model", "sample {0} has the label {1}, but the model has {2} classes, counted from 0.",
        "Check that the labels belong to the model.");

    public static readonly DiagnosticDescriptor WrongCount = new("MOPT4504", Error,
        "Data for some inputs only", "{0} has {1} files, but the model has {2} inputs: {3}.",
        "Give one file or folder for each input, in this order.");

    public static readonly DiagnosticDescriptor UnequalCount = new("MOPT4505", Error,
        "Data files of different length", "the files of {0} hold different numbers of samples: {1}.",
        "Sample i of every file must belong together; give each file the same number.");

    public static readonly DiagnosticDescriptor NotFinite = new("MOPT4506", Warning,
        "Training diverged", "in step {0}, epoch {1}, the loss was not a finite number (the first such value was '{2}'), so training "
            + "stopped and kept the best earlier weights.",
        "Lower LearningRate.");

    public static readonly DiagnosticDescriptor NotKept = new("MOPT4507", Warning,
        "Training did not improve the model",
        "fine-tuning did not improve the model ({0} at the end, {1} at the start), so it keeps its starting weights.",
        "Lower LearningRate, or give more TrainingData.");

    public static readonly DiagnosticDescriptor Frozen = new("MOPT4508", Warning,
        "An operator has no gradient", "{0} has no gradient, so the layers before it are not trained.",
        "Nothing needs to be done: the layers after it are trained.");

    public static readonly DiagnosticDescriptor FixedBatch = new("MOPT4509", Warning,
        "The model takes several samples at a time",
        "input '{0}' has the fixed batch {1}, so the model cannot be trained and stays as it is.",
        "Export the model with an open batch dimension, or with a batch of 1.");

    public static readonly DiagnosticDescriptor NothingToTrain = new("MOPT4510", Warning,
        "Nothing to train", "the model has no weights that can be trained.",
        "Set FineTune to None to silence this warning.");

    public static readonly DiagnosticDescriptor NoClasses = new("MOPT4511", Error,
        "The model is no classifier", "labels need class scores [N, classes], but the output '{0}' is {1}.",
        "Set FineTune to Distill, and leave the labels out.");

    public static readonly DiagnosticDescriptor NoEvaluationData = new("MOPT4512", Error,
        "Labels without samples", "EvaluationLabels is set, but EvaluationData is not.",
        "Name the samples that the labels belong to, or leave the labels out.");
}
