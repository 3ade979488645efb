using static ModelOpt.Compiler.Diagnostics.DiagnosticSeverity;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>Diagnostics of training a float model (MOPT46nn).</summary>
internal static class TrainingDiagnostics
{
    public static readonly DiagnosticDescriptor NoLabels = new("MOPT4601", Error,
        "Nothing to train towards", "{0} are missing: a model is trained towards labels.",
        "Give the class number of each sample, or a float array of the outputs that the model should have; for an autoencoder, the data "
            + "itself.");

    public static readonly DiagnosticDescriptor FixedBatch = new("MOPT4602", Error,
        "The model takes one sample at a time", "input '{0}' has the fixed batch {1}, so that the model cannot be trained in batches.",
        "Export the model with an open batch dimension.");

    public static readonly DiagnosticDescriptor NothingToTrain = new("MOPT4603", Error,
        "Nothing to train", "the model has no float weights that a gradient reaches.",
        "Give a float model whose weights are constants of layers.");

    public static readonly DiagnosticDescriptor NotBetter = new("MOPT4604", Error,
        "Training did not improve the model",
        "no epoch improved on the starting weights ({0} at the start, {1} at the end), so nothing is written.",
        "Lower the learning rate, or give more training data.");

    public static readonly DiagnosticDescriptor Diverged = new("MOPT4605", Error,
        "Training diverged", "in step {0}, epoch {1}, the loss was not a finite number (the first such value was '{2}'), and no earlier "
            + "epoch improved on the starting weights, so nothing is written.",
        "Lower the learning rate.");

    public static readonly DiagnosticDescriptor CheckpointUnreadable = new("MOPT4606", Warning,
        "The checkpoint cannot be used", "the checkpoint '{0}' cannot be used, so training starts over: {1}.",
        "Nothing needs to be done; the checkpoint is replaced.");

    public static readonly DiagnosticDescriptor CheckpointNotWritten = new("MOPT4607", Warning,
        "The checkpoint cannot be written", "the checkpoint '{0}' cannot be written, so an interrupted run would start over: {1}.",
        "Check the permissions and the free space of the folder.");

    public static readonly DiagnosticDescriptor NothingLearnt = new("MOPT4608", Warning,
        "The model is no better than guessing", "the best loss, {0:G4}, is not below that of guessing among {1} classes, {2:G4}.",
        "Lower the learning rate, and check that the labels belong to the data.");
}
