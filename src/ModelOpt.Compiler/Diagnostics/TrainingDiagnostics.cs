using static ModelOpt.Compiler.Diagnostics.DiagnosticSeverity;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>What keeps a float model from being trained (MOPT46nn).</summary>
internal static class TrainingDiagnostics
{
    public static readonly DiagnosticDescriptor NoLabels = new("MOPT4601", Error,
        "Nothing to train towards", "{0} are missing: a model is trained towards labels.",
        "Name the class number of each sample, or an array of floats that says what the model's output should be; of an autoencoder, the data itself.");

    public static readonly DiagnosticDescriptor FixedBatch = new("MOPT4602", Error,
        "The model takes one sample at a time", "input '{0}' has the fixed batch {1}, so that the model cannot be trained in batches.",
        "Export the model with an open batch dimension.");

    public static readonly DiagnosticDescriptor NothingToTrain = new("MOPT4603", Error,
        "Nothing to train", "the model has no float weights that a gradient reaches.",
        "Give a float model whose weights are constants of layers.");

    public static readonly DiagnosticDescriptor NotBetter = new("MOPT4604", Error,
        "Training made the model no better", "no epoch was better than the beginning ({0} at the start, {1} at the end), so nothing is written.",
        "Lower the learning rate, or give more training data.");

    public static readonly DiagnosticDescriptor Diverged = new("MOPT4605", Error,
        "Training diverged", "in step {0}, in epoch {1}, the loss was not a finite number (first was '{2}'), and no epoch before was better than the beginning, so nothing is written.",
        "Lower the learning rate.");

    public static readonly DiagnosticDescriptor CheckpointUnreadable = new("MOPT4606", Warning,
        "The checkpoint cannot be used", "the checkpoint '{0}' cannot be used, so training begins anew: {1}.",
        "Nothing needs to be done; the checkpoint is replaced.");

    public static readonly DiagnosticDescriptor CheckpointNotWritten = new("MOPT4607", Warning,
        "The checkpoint cannot be written", "the checkpoint '{0}' cannot be written, so training would begin anew if it were ended now: {1}.",
        "Check the permissions and the free space of the folder.");

    public static readonly DiagnosticDescriptor NothingLearnt = new("MOPT4608", Warning,
        "The model is no better than guessing", "the best loss, {0:G4}, is not below that of guessing among {1} classes, {2:G4}.",
        "Lower the learning rate, and check that the labels belong to the data.");
}
