using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Training;

/// <summary>The samples to train with, and others that judge training.</summary>
/// <param name="Training">The source of training samples.</param>
/// <param name="Evaluation">What the others are taken from.</param>
/// <param name="AreClasses">Whether there are labels, so that the model's first output is class scores.</param>
internal sealed record TrainingData(
    TrainingSet Training, IReadOnlyList<int> TrainingIndices, TrainingSet Evaluation, IReadOnlyList<int> EvaluationIndices, bool AreClasses)
    : IDisposable
{
    /// <summary>Checks the data that options name, before anything else is done with the model.</summary>
    /// <exception cref="CompilationException">Data or labels are missing, or do not fit the model.</exception>
    public static void Check(Graph graph, CompileOptions options, ModelOptions model)
    {
        if (model.FineTune is not null and not FineTuneMode.None) Open(graph, options, model).Dispose();
    }

    /// <summary>Opens the data that options name.</summary>
    /// <param name="model">The options of the model; it is trained.</param>
    /// <param name="takesTargets">Whether floats may stand in the place of labels: what the model's first output should be.</param>
    /// <exception cref="CompilationException">Data or labels are missing, or do not fit the model.</exception>
    public static TrainingData Open(Graph graph, CompileOptions options, ModelOptions model, bool takesTargets = false)
    {
        bool isOwn = options.TrainingData.Count > 0;
        IReadOnlyList<string> data = isOwn ? options.TrainingData : options.CalibrationData;
        if (data.Count == 0) throw FineTuningDiagnostics.NoData.Error(null, model.FineTune);
        if (model.FineTune == FineTuneMode.Labels && options.TrainingLabels is null)
            throw FineTuningDiagnostics.NoLabels.Error(null, nameof(options.TrainingLabels), $"FineTune = {model.FineTune}");
        if (options.EvaluationLabels is not null && options.EvaluationData.Count == 0)
            throw FineTuningDiagnostics.NoEvaluationData.Error(null);
        TrainingSet training = new(
            graph, options, isOwn ? nameof(options.TrainingData) : nameof(options.CalibrationData), data, options.TrainingLabels,
            takesTargets);
        TrainingSet? evaluation = null;
        try
        {
            if (options.EvaluationData.Count > 0)
            {
                evaluation = new(
                    graph, options, nameof(options.EvaluationData), options.EvaluationData, options.EvaluationLabels, takesTargets);
                if (takesTargets && (evaluation.HasLabels != training.HasLabels || evaluation.HasTargets != training.HasTargets))
                    throw FineTuningDiagnostics.NoLabels.Error(null, nameof(options.EvaluationLabels), nameof(options.EvaluationData));
            }

            bool areClasses = training.HasLabels || evaluation is { HasLabels: true };
            if (areClasses)
            {
                int classes = ClassesOf(graph.Outputs[0]);
                training.CheckLabels(classes);
                evaluation?.CheckLabels(classes);
            }

            if (evaluation is not null)
                return new(training, [.. Enumerable.Range(0, training.Count)], evaluation, [.. Enumerable.Range(0, evaluation.Count)],
                    areClasses);
            (int[] rest, int[] kept) = CalibrationSamples.Divide(training.Count, model);
            return new(training, rest, training, kept, areClasses);
        }
        catch
        {
            training.Dispose();
            evaluation?.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Training.Dispose();
        Evaluation.Dispose();
    }

    private static int ClassesOf(Value output) => output.Shape is { Rank: 2 } shape && shape[1].IsKnown ? (int)shape[1].Size
        : throw FineTuningDiagnostics.NoClasses.Error(null, output.Name, output.Shape);
}
