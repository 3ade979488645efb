using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Training;

namespace ModelOpt.Compiler.Techniques.FineTuning;

/// <summary>
/// Recovers accuracy by training the compressed model, with the float model as teacher and perhaps labels. Weights satisfy their
/// constraints (zeros, clusters, integers) and values are rounded to their grids in every step, so training sees what is emitted. Keeps
/// the best epoch, judged on samples that are not trained with, or the starting weights if none improves.
/// </summary>
internal sealed class FineTuning : Pass
{
    public override PassPhase Phase => PassPhase.FineTune;

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
                teaching.Trainer.Parameters.Count,
                [new($"fine-tuning: {outcome.Began} at the start, {outcome.Best} after epoch {outcome.BestEpoch}, which was kept")]);
        }

        if (outcome.Failed is null) context.Diagnostics.Report(FineTuningDiagnostics.NotKept.At(null, null, outcome.Last, outcome.Began));
        return new PassResult(0, [new($"fine-tuning: not kept: {outcome.Began} at the start, {outcome.Last} at the end")]);
    }
}
