using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Training;

namespace ModelOpt.Compiler.Techniques.FineTuning;

/// <summary>
/// Trains the compressed model back, with the float model as teacher and perhaps labels. Whatever weights must satisfy (zeros,
/// clusters, integers) they satisfy in every step, as values are rounded to their grids in every step: what is emitted is what was
/// trained. Of all epochs the best stays, judged on samples that are not trained with; where none is better than the beginning, that.
/// </summary>
internal sealed class FineTuning : Pass
{
    /// <inheritdoc/>
    public override PassPhase Phase => PassPhase.FineTune;

    /// <inheritdoc/>
    public override PassResult Apply(Graph graph, PassContext context)
    {
        if (context.Model.FineTune is null or FineTuneMode.None) return PassResult.Of(0);
        using Teaching? teaching = Teaching.Of(graph, context, TrainingSettings.Of(context.Model));
        if (teaching is null) return PassResult.Of(0);
        TrainingOutcome outcome = teaching.Loop.Run("fine-tune");
        if (outcome.Failed is { } at)
            context.Diagnostics.Report(FineTuningDiagnostics.NotFinite.At(null, null, at.Step, outcome.Epochs + 1, at.Value));
        if (outcome.BestEpoch > 0)
        {
            return new PassResult(
                teaching.Trainer.Parameters.Count, [new($"fine-tuning: {outcome.Began} at the start, {outcome.Best} after epoch {outcome.BestEpoch}, which was kept")]);
        }

        if (outcome.Failed is null) context.Diagnostics.Report(FineTuningDiagnostics.NotKept.At(null, null, outcome.Last, outcome.Began));
        return new PassResult(0, [new($"fine-tuning: not kept: {outcome.Began} at the start, {outcome.Last} at the end")]);
    }
}
