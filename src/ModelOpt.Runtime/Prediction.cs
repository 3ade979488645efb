namespace ModelOpt.Runtime;

/// <summary>A class that a classifier found.</summary>
/// <param name="Index">The number of the class.</param>
/// <param name="Label">Its name.</param>
/// <param name="Score">Its score: a probability if the model ends in a softmax or its scores were made probabilities, else a logit.</param>
public readonly record struct Prediction(int Index, string Label, float Score)
{
    /// <summary>Finds the highest scores, without allocation.</summary>
    /// <param name="scores">The scores of one sample. NaN is no score.</param>
    /// <param name="labels">The names of the classes, one for each score.</param>
    /// <param name="top">Receives the classes, the highest score first; among equals the lower index.</param>
    /// <param name="softmax">
    /// Whether scores are logits, to be made probabilities: each is the share of its exponential in the sum of all.
    /// </param>
    /// <returns>How many were found: fewer than asked for when there are no more.</returns>
    /// <exception cref="ArgumentException">There are not as many labels as scores.</exception>
    public static int TopK(ReadOnlySpan<float> scores, ReadOnlySpan<string> labels, Span<Prediction> top, bool softmax = false)
    {
        if (labels.Length != scores.Length)
            throw new ArgumentException(
                $"There are {labels.Length} labels for {scores.Length} scores.", nameof(labels));

        int found = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            if (float.IsNaN(scores[i])) continue;
            int place = found;
            while (place > 0 && top[place - 1].Score < scores[i]) place--;
            if (place == top.Length) continue;
            if (found < top.Length) found++;
            top[place..(found - 1)].CopyTo(top[(place + 1)..]);
            top[place] = new(i, labels[i], scores[i]);
        }

        if (softmax && found > 0)
            MakeProbabilities(scores, top[..found]);
        return found;
    }

    // The highest logit is taken off all, so that no exponential is too large.
    private static void MakeProbabilities(ReadOnlySpan<float> logits, Span<Prediction> top)
    {
        float highest = top[0].Score;
        double sum = 0;
        foreach (float logit in logits)
            sum += float.IsNaN(logit) ? 0 : logit == highest ? 1 : Math.Exp(logit - highest);
        foreach (ref Prediction prediction in top)
        {
            double share = prediction.Score == highest ? 1 : Math.Exp(prediction.Score - highest);
            prediction = prediction with { Score = (float)(share / sum) };
        }
    }
}
