using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>
/// The label of the class that trees say most of, and what they say of each class. Of two classes, weights may be of one only; what ONNX
/// leaves open there is as in ONNX Runtime.
/// </summary>
internal sealed class TreeEnsembleClassifier() : LearnedRewrite("TreeEnsembleClassifier", new Arity(1, 1, 2))
{
    protected override void Rewrite(Rewriting at)
    {
        ClassLabels labels = ClassLabels.Read(at, "classlabels_int64s", "classlabels_strings");
        string? function = ClassScores.Function(at);
        TreeForest forest = new TreeReader(at, "class", labels.Count).Read();
        float[] bases = TreeReader.Numbers(at, "base_values");
        bool[] isNamed = [.. Enumerable.Range(0, labels.Count).Select(k => forest.Leaves.Any(l => l.Any(w => w.Target == k)))];
        if (labels.Count < 2) throw at.Refusal("one class");
        if (bases.Length > 0 && bases.Length != labels.Count && !(labels.Count == 2 && bases.Length == 1))
            throw at.Invalid("base_values", $"has {bases.Length} numbers for {labels.Count} classes");
        if (labels.Count == 2)
        {
            FinishTwo(at, forest, bases, isNamed, function, labels);
            return;
        }

        Value scores = TreeEnsembleRegressor.Combined(at, Rows(at), forest, labels.Count, "SUM");
        if (bases.Length > 0) scores = at.Add("Add", [scores, Vector(at, bases)]);
        ClassScores.Make(at, 1, scores, function);
        // A class that no leaf names has a score of 0, but is not chosen.
        if (bases.Length == 0 && isNamed.Contains(false))
            scores = at.Add("Add", [scores, Vector(at, [.. isNamed.Select(named => named ? 0 : float.NegativeInfinity)])]);
        labels.Finish(ClassScores.Largest(at, scores));
    }

    private static void FinishTwo(
        Rewriting at, TreeForest forest, float[] bases, bool[] isNamed, string? function, ClassLabels labels)
    {
        Value sums = TreeEnsembleRegressor.Combined(at, Rows(at), forest, 2, "SUM");
        bool isOne = isNamed.Count(named => named) == 1, hasSecond = isNamed[1];
        bool isShare = isOne && forest.Leaves.All(l => l.All(w => w.Weight >= 0));
        float limit = isShare ? 0.5f : 0;
        Value first = ClassScores.Column(at, sums, 0), second = ClassScores.Column(at, sums, 1);
        // ONNX Runtime leaves out base values or weights there.
        if (bases.Length > 0 && hasSecond) throw at.Refusal("base_values beside weights of the second of two classes");
        if (bases.Length > 0) first = at.Add("Add", [first, Vector(at, bases[0])]);
        Value deciding = hasSecond ? second : first;
        Value condition = ClassScores.Above(at, deciding, limit);
        if (hasSecond || bases.Length == 2) ClassScores.Make(at, 1, ClassScores.Pair(at, first, second), function);
        else if (isShare)
        {
            Value rest = at.Add("Sub", [Vector(at, 1), first]);
            ClassScores.Make(at, 1, ClassScores.Pair(at, rest, first), null);
        }
        else ClassScores.Make(at, 1, ClassScores.Pair(at, at.Add("Neg", [first]), first), function == "Sigmoid" ? function : null);
        labels.FinishBinary(condition);
    }
}
