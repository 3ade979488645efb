using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Techniques.FineTuning;
using ModelOpt.Compiler.Training;

namespace ModelOpt.Compiler.Techniques.Sparsity;

/// <summary>
/// Makes weights zero during training: every few steps the smallest of the numbers behind the weights become zero, more and more of them,
/// and weights that have grown come back. The model is still float32; later passes keep the zeros.
/// </summary>
internal sealed class GradualPruning : Pass
{
    public override PassPhase Phase => PassPhase.Constrain;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        if (context.Model.PruningSchedule is null or PruningSchedule.None || context.Model.FineTune is null or FineTuneMode.None)
            return PassResult.Of(0);
        List<SparseLayer> layers = SparseLayer.Of(graph, context, []);
        if (layers.Count == 0) return PassResult.Of(0);
        TrainingSettings settings = TrainingSettings.Of(context.Model);
        settings = settings with { Epochs = context.Model.PruningEpochs ?? settings.Epochs };
        SparsityDistribution distribution = context.Model.SparsityDistribution ?? SparsityDistribution.Global;
        // Reject impossible targets before training.
        Choose(layers, distribution, 1, l => l.Weight.Constant!);
        SparsitySchedule schedule = null!;
        using Teaching? teaching = Teaching.Of(
            graph, context, settings,
            (trainer, step) =>
            {
                if (schedule.IsDue(step)) SetZeros(layers, distribution, schedule.ShareOf(step), trainer);
            },
            stepsPerEpoch =>
            {
                schedule = SparsitySchedule.Of(context.Model, stepsPerEpoch * settings.Epochs);
                return Math.Min(settings.Epochs, (schedule.End / stepsPerEpoch) + 1);
            });
        if (teaching is null) return PassResult.Of(0);
        TrainingOutcome outcome = teaching.Loop.Run(Checkpoint.Gradual);
        if (outcome.BestEpoch == 0 && outcome.Failed is { } at)
            throw TrainingDiagnostics.Diverged.Error(null, at.Step, outcome.Epochs + 1, at.Value);
        return new PassResult(layers.Count,
            [new($"pruned while trained: {outcome.Began} at the start, {outcome.Best} after epoch {outcome.BestEpoch}, which was kept")]);
    }

    private static void SetZeros(List<SparseLayer> layers, SparsityDistribution distribution, double share, Trainer trainer)
    {
        Dictionary<SparseLayer, Tensor> numbers = layers.ToDictionary(l => l, l => Behind(l.Weight));
        foreach ((SparseLayer layer, Mask mask) in layers.Zip(Choose(layers, distribution, share, l => numbers[l])))
        {
            Value weight = layer.Weight;
            weight.Constraints = (weight.Constraints ?? new()).With(mask);
            weight.Constant = weight.Constraints.Project(numbers[layer]);
        }

        Tensor Behind(Value weight) => trainer.Parameters.Contains(weight) ? trainer.Behind(weight) : weight.Constant!;
    }

    /// <summary>Chooses zeros by magnitude.</summary>
    private static Mask[] Choose(
        List<SparseLayer> layers, SparsityDistribution distribution, double share, Func<SparseLayer, Tensor> numbers) =>
            ZeroSelection.Choose(
        [.. layers.Select(l => l with { Share = l.Share * share })],
        [.. layers.Select(l => MagnitudePrices.Of(l.Layout, numbers(l).Span<float>()))], distribution);
}
