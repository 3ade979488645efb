using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Training;

namespace ModelOpt.Compiler.Techniques.FineTuning;

/// <summary>All that training towards the float model, and perhaps labels, needs.</summary>
internal sealed class Teaching : IDisposable
{
    private readonly TrainingData _data;

    private Teaching(Trainer trainer, TrainingLoop loop, TrainingData data) => (Trainer, Loop, _data) = (trainer, loop, data);

    /// <summary>Trains the graph.</summary>
    public Trainer Trainer { get; }

    /// <summary>Trains and judges it.</summary>
    public TrainingLoop Loop { get; }

    /// <summary>Prepares training a graph by the options, and reports what prevents it.</summary>
    /// <param name="context">The options, and the float model.</param>
    /// <param name="beforeStep">Called before each step; may be null.</param>
    /// <param name="firstEpochOf">Gives <see cref="TrainingLoop.FirstEpoch"/>, of the steps that an epoch has; or null for 0.</param>
    /// <returns>Null where nothing can be trained.</returns>
    /// <exception cref="CompilationException">Data or labels are missing, or do not fit the model.</exception>
    public static Teaching? Of(
        Graph graph, PassContext context, TrainingSettings settings, Action<Trainer, int>? beforeStep = null,
        Func<int, int>? firstEpochOf = null)
    {
        if (TrainingSet.FixedBatch(graph) is { } closed)
        {
            context.Diagnostics.Report(FineTuningDiagnostics.FixedBatch.At(null, null, closed.Name, closed.Shape?[0].Size));
            return null;
        }

        TrainingData data = TrainingData.Open(graph, context.Options, context.Model);
        try
        {
            DistillationObjective teacher = new(graph, context.Reference!, data.AreClasses, context.Model, context.Pool);
            IObjective[] objectives = context.Model.FineTune == FineTuneMode.Labels
                ? [teacher, new LabelObjective(ClassScores.Of(graph, out _))] : [teacher];
            Trainer trainer = null!;
            trainer = new(graph, settings, objectives,
                context.Pool) { BeforeStep = beforeStep is null ? null : step => beforeStep(trainer, step) };
            foreach (Node barrier in trainer.Barriers)
                context.Diagnostics.Report(FineTuningDiagnostics.Frozen.At(null, barrier.Label, barrier.Type));
            if (trainer.Parameters.Count > 0)
            {
                TrainingLoop loop = new(graph, trainer, settings, data, teacher, context)
                {
                    FirstEpoch = firstEpochOf?.Invoke(trainer.StepsPerEpoch(data.TrainingIndices.Count)) ?? 0,
                };
                return new Teaching(trainer, loop, data);
            }

            context.Diagnostics.Report(FineTuningDiagnostics.NothingToTrain.At(null, null));
        }
        catch
        {
            data.Dispose();
            throw;
        }

        data.Dispose();
        return null;
    }

    public void Dispose() => _data.Dispose();
}
