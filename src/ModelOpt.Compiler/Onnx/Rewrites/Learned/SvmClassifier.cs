using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>
/// The class that most pairs of classes decide for, and the scores of the pairs; or linear scores of classes, where there are no support
/// vectors. What ONNX leaves open is as in ONNX Runtime.
/// </summary>
internal sealed class SvmClassifier() : LearnedRewrite("SVMClassifier", new Arity(1, 1, 2))
{
    protected override void Rewrite(Rewriting at)
    {
        ClassLabels labels = ClassLabels.Read(at, "classlabels_ints", "classlabels_strings");
        string? function = ClassScores.Function(at);
        float[] rho = Floats(at, "rho");
        if (labels.Count < 2) throw at.Refusal("one class");
        if (rho.Length == 0) throw at.Invalid("rho", "is missing");
        long[] counts = at.Node.Ints("vectors_per_class") ?? [];
        if (counts.Sum() > 0)
        {
            FinishPairs(at, labels, counts, rho, function);
            return;
        }

        Value scores = LinearRegressor.Layer(
            at, Rows(at), Matrix(at, "coefficients", labels.Count), [.. Enumerable.Repeat(rho[0], labels.Count)]);
        ClassScores.Make(at, 1, scores, function);
        if (labels.Count > 2)
        {
            labels.Finish(ClassScores.Largest(at, scores));
            return;
        }

        // Of two classes it is the second where any score is high enough.
        bool isShare = Array.TrueForAll(Floats(at, "coefficients"), c => c >= 0);
        Value most = at.Add("ReduceMax", [scores, at.Constant(Tensor.Vector(1L))]);
        Value isHigh = isShare ? at.Add("GreaterOrEqual", [most, Vector(at, 0.5f)]) : ClassScores.Above(at, most, 0);
        Value isSecond = at.Add("Greater", [ClassScores.Column(at, scores, 1), ClassScores.Column(at, scores, 0)]);
        labels.FinishBinary(at.Add("Or", [isHigh, isSecond]));
    }

    private static void FinishPairs(Rewriting at, ClassLabels labels, long[] counts, float[] rho, string? function)
    {
        int classes = labels.Count, pairs = classes * (classes - 1) / 2, vectors = (int)counts.Sum();
        Tensor weights = PairWeights(at, classes, counts, vectors);
        if (counts.Length != classes || rho.Length < pairs)
            throw at.Refusal($"{counts.Length} counts and {rho.Length} offsets for {classes} classes");
        Value likeness = SvmKernel.Of(at, Rows(at), Matrix(at, "support_vectors", vectors));
        Value scores = at.Add("Gemm", [likeness, at.Constant(weights), Vector(at, rho[..pairs])], ("transB", 1L));
        Value wins = at.Add("Cast", [ClassScores.Above(at, scores, 0)], ("to", (long)ElementType.Float32));
        (Tensor gains, float[] start) = Votes(classes, pairs);
        Value votes = at.Add("Gemm", [wins, at.Constant(gains), Vector(at, start)]);
        if (at.Node.Floats("prob_a") is { Length: > 0 } slopes) MakeShares(at, classes, scores, slopes, function);
        else if (classes > 2) ClassScores.Make(at, 1, scores, function);
        else
        {
            Value other = function == "Softmax" ? at.Add("Sub", [Vector(at, 1), scores]) : at.Add("Neg", [scores]);
            ClassScores.Make(at, 1, ClassScores.Pair(at, other, scores), function == "Sigmoid" ? function : null);
        }

        labels.Finish(ClassScores.Largest(at, votes));
    }

    /// <summary>The weights of vectors in the score of each pair of classes: [pairs, vectors].</summary>
    private static Tensor PairWeights(Rewriting at, int classes, long[] counts, int vectors)
    {
        float[] coefficients = Floats(at, "coefficients");
        if (Array.Exists(counts, c => c < 0) || coefficients.LongLength < (long)(classes - 1) * vectors)
            throw at.Invalid("coefficients", $"has {coefficients.Length} numbers for {classes} classes and {vectors} vectors");
        int[] starts = new int[classes + 1];
        for (int i = 0; i < Math.Min(classes, counts.Length); i++) starts[i + 1] = starts[i] + (int)counts[i];
        Tensor weights = Tensor.Zeros(ElementType.Float32, [classes * (classes - 1) / 2, vectors]);
        Span<float> row = weights.Span<float>();
        for (int i = 0; i < classes; i++)
        {
            for (int j = i + 1; j < classes; j++)
            {
                for (int v = starts[i]; v < starts[i + 1]; v++) row[v] = coefficients[((j - 1) * vectors) + v];
                for (int v = starts[j]; v < starts[j + 1]; v++) row[v] = coefficients[(i * vectors) + v];
                row = row[vectors..];
            }
        }

        return weights;
    }

    /// <summary>What winning a pair adds to the votes of each class, and the votes where all pairs are lost.</summary>
    private static (Tensor Gains, float[] Start) Votes(int classes, int pairs)
    {
        Tensor gains = Tensor.Zeros(ElementType.Float32, [pairs, classes]);
        float[] start = new float[classes];
        int pair = 0;
        for (int i = 0; i < classes; i++)
        {
            for (int j = i + 1; j < classes; j++, pair++)
            {
                gains.Span<float>()[(pair * classes) + i] = 1;
                gains.Span<float>()[(pair * classes) + j] = -1;
                start[j]++;
            }
        }

        return (gains, start);
    }

    /// <summary>The probabilities of two classes: 1 / (1 + e^(a · score + b)) is that of the first.</summary>
    private static void MakeShares(Rewriting at, int classes, Value scores, float[] slopes, string? function)
    {
        float[] offsets = Floats(at, "prob_b");
        if (classes > 2) throw at.Refusal("probabilities of more than two classes, which are iterated");
        if (offsets.Length != slopes.Length) throw at.Invalid("prob_b", $"has {offsets.Length} numbers beside {slopes.Length} in prob_a");
        Value line = at.Add("Add", [at.Add("Mul", [scores, Vector(at, slopes[0])]), Vector(at, offsets[0])]);
        Value first = at.Add("Sigmoid", [at.Add("Neg", [line])]);
        Value inside = at.Add("Clip", [first, at.Constant(Tensor.Scalar(1e-7f)), at.Constant(Tensor.Scalar(1 - 1e-7f))]);
        ClassScores.Make(at, 1, ClassScores.Pair(at, inside, at.Add("Sub", [Vector(at, 1), inside])), function);
    }
}
