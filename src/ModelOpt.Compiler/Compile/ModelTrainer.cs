using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Images;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Normalization;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Training;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Compile;

/// <summary>The result of training a model.</summary>
/// <param name="Began">How good the model was before, in words: <c>97.10 % right, loss 0.09</c>.</param>
/// <param name="BestEpoch">After which epoch it was so, from 1.</param>
internal sealed record TrainedModel(byte[] Onnx, string Began, string Best, int BestEpoch, int Epochs);

/// <summary>Trains float models: ONNX in, ONNX out.</summary>
internal static class ModelTrainer
{
    /// <summary>The learning rate for new weights, which have farther to go than trained ones, unless options say another.</summary>
    public const double FreshLearningRate = 0.05;

    /// <summary>
    /// Reads, simplifies, trains and writes a model. Its inputs and outputs stay as they are, and normalizations stay normalizations. It is
    /// trained towards class numbers by cross-entropy, or, where the file of labels holds floats, towards these as its first output by the
    /// mean squared error.
    /// </summary>
    /// <param name="options">The data and how to train; other options and rules for layers have no effect.</param>
    /// <param name="fromScratch">Whether to begin with new weights rather than the model's.</param>
    /// <param name="progress">Told how far the work is; may be null.</param>
    /// <exception cref="CompilationException">The model cannot be trained, or its data does not fit; the diagnostic says why.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was signalled.</exception>
    public static TrainedModel Train(
        string modelFile,
        CompileOptions options,
        bool fromScratch,
        IDiagnosticSink diagnostics,
        IProgress<CompileProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        try
        {
            if (options.TrainingLabels is null) throw TrainingDiagnostics.NoLabels.Error(null, nameof(options.TrainingLabels));
            if (options.EvaluationData.Count > 0 && options.EvaluationLabels is null)
                throw TrainingDiagnostics.NoLabels.Error(null, nameof(options.EvaluationLabels));
            Recipe recipe = options.Recipe is null ? new Recipe() : Recipe.Read(options.Recipe);
            using ImageStore images = new();
            CompileOptions all = options with
            {
                Images = images,
                FineTune = FineTuneMode.Labels,
                LearningRate = options.LearningRate ?? (fromScratch ? FreshLearningRate : null),
            };
            using WorkerPool pool = new(Environment.ProcessorCount);
            var context = new PassContext(
                all, recipe with { FineTune = all.FineTune, Layers = [] }, diagnostics, progress, cancellation) { Pool = pool };
            OptionChecks.CheckModel(context);
            // It is trained at the sizes of the training data where the model leaves them open.
            Graph graph = ModelCompiler.Read(
                OnnxFile.ReadAllBytes(modelFile), modelFile, options with { CalibrationData = options.TrainingData });
            return Train(graph, context, fromScratch);
        }
        catch (CompilationException e) when (e.Diagnostic.File is null)
        {
            throw e.InFile(modelFile);
        }
    }

    private static TrainedModel Train(Graph graph, PassContext context, bool fromScratch)
    {
        PassPipeline.Simplify(graph, context, keepsNormalization: true);
        OpenSizes.Close(graph);
        // Statistics of a batch are not those of its samples one by one.
        bool isNormalized = graph.Nodes.Any(n => n.Type == "BatchNormalization");
        if ((TrainingSet.FixedBatch(graph) ?? graph.Inputs.Find(i => isNormalized && !i.Shape!.IsBatchOpen)) is { } closed)
            throw TrainingDiagnostics.FixedBatch.Error(null, closed.Name, closed.Shape?[0].Size);
        if (PassPipeline.IsQuantized(graph)) throw TrainingDiagnostics.NothingToTrain.Error(null);
        using TrainingData data = TrainingData.Open(graph, context.Options, context.Model, takesTargets: true);
        OwnVectors(graph);
        TrainingSettings settings = TrainingSettings.Of(context.Model);
        if (fromScratch) FreshWeights.Draw(graph, settings.Seed);
        IObjective objective = data.AreClasses
            ? new LabelObjective(ClassScores.Of(graph, out _)) : new TargetObjective(graph.Outputs[0], context.Pool);
        Trainer trainer = new(graph, settings, [objective], context.Pool, batchStatistics: true);
        foreach (Node barrier in trainer.Barriers)
            context.Diagnostics.Report(FineTuningDiagnostics.Frozen.At(null, barrier.Label, barrier.Type));
        if (trainer.Parameters.Count == 0) throw TrainingDiagnostics.NothingToTrain.Error(null);

        TrainingOutcome outcome = new TrainingLoop(graph, trainer, settings, data, objective, context).Run("train");
        if (outcome.Failed is { } at)
        {
            if (outcome.BestEpoch == 0) throw TrainingDiagnostics.Diverged.Error(null, at.Step, outcome.Epochs + 1, at.Value);
            context.Diagnostics.Report(FineTuningDiagnostics.NotFinite.At(null, null, at.Step, outcome.Epochs + 1, at.Value));
        }

        if (outcome.BestEpoch == 0) throw TrainingDiagnostics.NotBetter.Error(null, outcome.Began, outcome.Last);
        if (data.AreClasses)
        {
            int classes = (int)graph.Outputs[0].Shape![1].Size;
            if (outcome.Best.Loss >= Math.Log(classes))
                context.Diagnostics.Report(TrainingDiagnostics.NothingLearnt.At(null, null, outcome.Best.Loss, classes, Math.Log(classes)));
        }

        OpenSizes.Open(graph);
        return new TrainedModel(
            OnnxWriter.Write(graph), $"{outcome.Began}", $"{outcome.Best}", outcome.BestEpoch, outcome.Epochs);
    }

    /// <summary>Exporters store equal vectors once; trained, they are no longer equal. Weights that layers share stay shared.</summary>
    private static void OwnVectors(Graph graph)
    {
        foreach (Node node in graph.Nodes.Where(n => Operator.Of(n) is IDifferentiable { Parameters.Count: > 0 }))
        {
            for (int i = node.Type == "BatchNormalization" ? 1 : 2; i < node.Inputs.Count; i++)
            {
                if (node.Inputs[i] is { IsConstant: true }) graph.OwnConstant(node, i);
            }
        }
    }
}
