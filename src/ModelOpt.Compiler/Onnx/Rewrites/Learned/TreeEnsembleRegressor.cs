using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>The sum, mean, least or largest of what trees say of each target.</summary>
internal sealed class TreeEnsembleRegressor() : LearnedRewrite("TreeEnsembleRegressor", new Arity(1, 1))
{
    protected override void Rewrite(Rewriting at)
    {
        int targets = (int)Math.Clamp(at.Node.Int("n_targets", 0), 0, ushort.MaxValue);
        if (targets == 0) throw at.Invalid("n_targets", "is not positive");
        TreeForest forest = new TreeReader(at, "target", targets).Read();
        Value scores = Combined(at, Rows(at), forest, targets, at.Node.String("aggregate_function", "SUM"));
        float[] bases = TreeReader.Numbers(at, "base_values");
        if (bases.Length > 0)
        {
            if (bases.Length != targets) throw at.Invalid("base_values", $"has {bases.Length} numbers for {targets} targets");
            scores = at.Add("Add", [scores, Vector(at, bases)]);
        }

        // ONNX Runtime, and so exporters, transform several scores only.
        ClassScores.Make(at, 0, scores, targets == 1 ? null : ClassScores.Function(at));
        at.Remove();
    }

    /// <summary>The scores [N, targets] that trees come to.</summary>
    /// <param name="function">The name of what combines trees.</param>
    public static Value Combined(Rewriting at, Value x, TreeForest forest, int targets, string function)
    {
        bool isExtreme = function is "MIN" or "MAX";
        if (isExtreme && forest.Leaves.Any(l => l.Select(w => w.Target).Distinct().Count() != targets))
            throw at.Refusal($"the {function} of targets that some leaves say nothing of");
        string reduction = function switch
        {
            "SUM" or "AVERAGE" => "ReduceSum", "MIN" => "ReduceMin", "MAX" => "ReduceMax",
            _ => throw at.Invalid("aggregate_function", $"is '{function}'"),
        };
        Value weights = TreeWalk.Weights(at, x, forest, targets);
        Value scores = at.Add(reduction, [weights, at.Constant(Tensor.Vector(1L))], ("keepdims", 0L));
        return function == "AVERAGE" ? at.Add("Div", [scores, Vector(at, forest.Roots.Count)]) : scores;
    }
}
