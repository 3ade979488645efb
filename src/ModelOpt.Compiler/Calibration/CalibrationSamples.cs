using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Calibration;

/// <summary>The samples of calibration data that may be calibrated with. All of them are no list: there may be very many.</summary>
/// <param name="Available">How many samples the data has.</param>
/// <param name="Chosen">Those that may be used, in rising order; null for all.</param>
internal readonly record struct CalibrationSamples(int Available, int[]? Chosen)
{
    // Without evaluation data, one of so many training samples is kept for it: by chance, as classes may take turns in the data.
    private const int KeptOf = 10;

    /// <summary>How many may be used.</summary>
    public int Count => Chosen?.Length ?? Available;

    /// <summary>One of some samples that are spread evenly over those that may be used.</summary>
    public int Spread(int index, int of)
    {
        var position = (int)((long)index * Count / of);
        return Chosen is null ? position : Chosen[position];
    }

    /// <summary>Samples that are spread evenly over those that may be used.</summary>
    public int[] Spread(int count)
    {
        CalibrationSamples usable = this;
        return [.. Enumerable.Range(0, count).Select(i => usable.Spread(i, count))];
    }

    /// <summary>
    /// Selects the calibration samples. If the calibration data also trains the model, leaves out the samples that judge training:
    /// weights fitted to them would look better than any epoch.
    /// </summary>
    public static CalibrationSamples Of(int count, CompileOptions options, ModelOptions model) => new(
        count,
        model.FineTune is null or FineTuneMode.None || options.TrainingData.Count > 0 || options.EvaluationData.Count > 0
            ? null : [.. Divide(count, model).Trained.Order()]);

    /// <summary>Keeps some of the samples to judge by; all are both where they are few.</summary>
    public static (int[] Trained, int[] Judging) Divide(int count, ModelOptions model)
    {
        int[] all = [.. Enumerable.Range(0, count)];
        if (count < KeptOf) return (all, all);
        new Random(model.Seed ?? 0).Shuffle(all);
        int kept = count / KeptOf;
        return (all[kept..], [.. all[..kept].Order()]);
    }
}
