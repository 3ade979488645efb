using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Kernels;

namespace ModelOpt.Compiler.Training;

/// <summary>A loss and its gradient.</summary>
/// <param name="Loss">The mean over the samples.</param>
/// <param name="Gradient">Derivative of the loss by the scores, in their shape.</param>
internal readonly record struct LossGradient(double Loss, Tensor Gradient);

/// <summary>Losses of class scores [N, classes] before their softmax, with the same bits on every machine.</summary>
internal static class ClassLosses
{
    /// <summary>Cross-entropy: the mean of −log p(label).</summary>
    /// <param name="scores">float32 [N, classes].</param>
    public static LossGradient CrossEntropy(Tensor scores, ReadOnlySpan<int> labels)
    {
        int samples = scores.Dims[0], classes = scores.Count / samples;
        Tensor gradient = Tensor.Zeros(ElementType.Float32, scores.Dims);
        double loss = 0;
        for (int n = 0; n < samples; n++)
        {
            Span<float> row = gradient.Span<float>().Slice(n * classes, classes);
            LogSoftmax(scores.Span<float>().Slice(n * classes, classes), 1, row);
            loss -= row[labels[n]];
            MathF32.Exp(row, row);
            row[labels[n]] -= 1;
            foreach (ref float g in row) g /= samples;
        }

        return new(loss / samples, gradient);
    }

    /// <summary>
    /// Distillation (Hinton et al., 2015): T² times the mean Kullback-Leibler divergence of the scores' softmax from the teacher's, both
    /// of scores divided by the temperature T; gradient T·(p − t) / N.
    /// </summary>
    /// <param name="scores">float32 [N, classes].</param>
    /// <param name="teacher">The teacher's scores, of the same shape.</param>
    public static LossGradient Distillation(Tensor scores, Tensor teacher, float temperature)
    {
        int samples = scores.Dims[0], classes = scores.Count / samples;
        Tensor gradient = Tensor.Zeros(ElementType.Float32, scores.Dims);
        float[] wanted = new float[classes], share = new float[classes];
        double loss = 0;
        for (int n = 0; n < samples; n++)
        {
            Span<float> row = gradient.Span<float>().Slice(n * classes, classes);
            LogSoftmax(scores.Span<float>().Slice(n * classes, classes), temperature, row);
            LogSoftmax(teacher.Span<float>().Slice(n * classes, classes), temperature, wanted);
            MathF32.Exp(wanted, share);
            for (int c = 0; c < classes; c++) loss += (double)share[c] * (wanted[c] - row[c]);
            MathF32.Exp(row, row);
            for (int c = 0; c < classes; c++) row[c] = (row[c] - share[c]) * temperature / samples;
        }

        return new(loss * temperature * temperature / samples, gradient);
    }

    private static void LogSoftmax(ReadOnlySpan<float> scores, float temperature, Span<float> logarithms)
    {
        float largest = float.NegativeInfinity;
        foreach (float score in scores) largest = MathF.Max(largest, score);
        for (int c = 0; c < scores.Length; c++) logarithms[c] = (scores[c] - largest) / temperature;
        double sum = 0;
        foreach (float x in logarithms) sum += MathF32.Exp(x);
        float log = MathF32.Log((float)sum);
        foreach (ref float x in logarithms) x -= log;
    }
}
