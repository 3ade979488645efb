using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>Scores x · coefficientsᵀ + intercepts, a dense layer, and the label of the class with the largest.</summary>
internal sealed class LinearClassifier() : LearnedRewrite("LinearClassifier", new Arity(1, 1, 2))
{
    protected override void Rewrite(Rewriting at)
    {
        ClassLabels labels = ClassLabels.Read(at, "classlabels_ints", "classlabels_strings");
        string? function = ClassScores.Function(at);
        float[] intercepts = Floats(at, "intercepts");
        int rows = intercepts.Length > 0 ? intercepts.Length : labels.Count;
        Value scores = LinearRegressor.Layer(at, Rows(at), Matrix(at, "coefficients", rows), intercepts);
        if (rows > 1)
        {
            if (labels.Count < rows) throw at.Invalid("classlabels_ints", $"has {labels.Count} labels for {rows} classes");
            ClassScores.Make(at, 1, scores, function);
            labels.Finish(ClassScores.Largest(at, scores));
            return;
        }

        if (labels.Count != 2) throw at.Refusal($"one score for {labels.Count} classes");
        // A single score is that of the second class.
        Value other = function == "Sigmoid" ? at.Add("Neg", [scores]) : at.Add("Sub", [Vector(at, 1), scores]);
        Value pair = ClassScores.Pair(at, other, scores);
        ClassScores.Make(at, 1, pair, function == "Sigmoid" ? function : null);
        labels.FinishBinary(ClassScores.Above(at, scores, 0));
    }
}
