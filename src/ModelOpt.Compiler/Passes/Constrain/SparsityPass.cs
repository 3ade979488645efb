using ModelOpt.Compiler.Compilation;
using ModelOpt.Compiler.Constraints;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Passes.Constrain;

/// <summary>Makes the share of weights zero that options and recipe ask for, in their pattern.</summary>
internal sealed class SparsityPass : Pass
{
    /// <inheritdoc/>
    public override PassPhase Phase => PassPhase.Constrain;

    /// <inheritdoc/>
    public override PassResult Apply(Graph graph, PassContext context)
    {
        List<string> notes = [];
        List<SparseLayer> layers = SparseLayer.Of(graph, context, notes);
        if (layers.Count == 0)
        {
            if (notes.Count > 0) context.Diagnostics.Report(SparsityDiagnostics.NothingSparse.At(null, null));
            return new PassResult(0, notes);
        }

        double[][] prices = [.. layers.Select(l => MagnitudePrices.Of(l.Layout, l.Node.Input(1).Constant!.Span<float>()))];
        Mask[] masks = ZeroSelection.Choose(layers, prices, context.Model.SparsityDistribution ?? SparsityDistribution.Global);
        for (int i = 0; i < masks.Length; i++)
        {
            Value weight = layers[i].Node.Input(1);
            weight.Constraints = (weight.Constraints ?? new()).With(masks[i]);
            weight.Constant = weight.Constraints.Project(weight.Constant!);
        }

        return new PassResult(layers.Count, notes);
    }
}
