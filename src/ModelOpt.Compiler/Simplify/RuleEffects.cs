using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>Says of the recipe's rules which have no effect.</summary>
internal static class RuleEffects
{
    /// <summary>Warns of each rule that asks for something that none of the layers it names can have.</summary>
    /// <param name="context">The recipe, and the way out for diagnostics.</param>
    /// <param name="layers">The layers that the rule names, and why each cannot take part; null for those that do.</param>
    public static void Check(PassContext context, string option, Func<LayerRule, bool> asks,
        IReadOnlyList<(Node Node, string? Reason)> layers)
    {
        foreach (LayerRule rule in context.Recipe.Layers.Where(asks))
        {
            (Node Node, string? Reason)[] named = [.. layers.Where(l => rule.Matches(l.Node.PartOf ?? l.Node.Label))];
            if (named.Length == 0 || Array.Exists(named, l => l.Reason is null)) continue;
            context.Diagnostics.Report(OptionDiagnostics.RuleWithoutEffect.At(null, rule.Match, option, named[0].Reason));
        }
    }
}
